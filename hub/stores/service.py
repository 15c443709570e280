"""The chain and its stores as bookings use them."""

from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.bulk import among
from hub.stores.models import Chain, Store


@dataclass(slots=True)
class Places:
    """Part of a booking's working set: the chain's currency, and which stores' kiosks may record purchases."""

    wanted: set[str] = field(default_factory=set)
    currency: str = ""
    stores: dict[str, bool] = field(default_factory=dict)


def load(session: Session, places: Places) -> None:
    """Load the stores that a booking names."""
    places.currency = session.execute(select(Chain.currency)).scalar_one()
    query = select(Store.id, Store.kiosks_record_purchases).where(among(session, Store.id, places.wanted))
    places.stores = {row.id: row.kiosks_record_purchases for row in session.execute(query)}
