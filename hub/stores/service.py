"""The chain and its stores as bookings use them."""

from dataclasses import dataclass, field
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.reading import Asked, Prepared, Rows
from hub.stores.models import Chain, Store

UTC = ZoneInfo("UTC")


@dataclass(slots=True)
class Places:
    """Part of a booking's working set: the chain's currency and time zone, and what holds in the stores it names.

    `stores` says whether a store's kiosks may record purchases, `jurisdictions` which law on stored value holds there.
    """

    wanted: set[str] = field(default_factory=set)
    currency: str = ""
    zone: ZoneInfo = UTC
    stores: dict[str, bool] = field(default_factory=dict)
    jurisdictions: dict[str, str] = field(default_factory=dict)


def ask(session: Session, places: Places) -> Asked[None]:
    """Load the chain, and the stores that a booking names."""
    return _PLACES.ask(session, stores=places.wanted).then(lambda rows: _hold(places, rows))


def _hold(places: Places, rows: Rows) -> None:
    for row in rows:
        places.currency, places.zone = row.currency, ZoneInfo(row.zone)
        if row.id is not None:
            places.stores[row.id] = row.kiosks_record_purchases
            places.jurisdictions[row.id] = row.jurisdiction


_PLACES = Prepared(
    lambda among: select(
        *(Chain.currency, Chain.zone, Store.id, Store.kiosks_record_purchases, Store.jurisdiction)
    ).outerjoin_from(Chain, Store, among(Store.id, "stores"))
)


def zone(session: Session) -> ZoneInfo:
    """The time zone in which the chain's rules count days."""
    return ZoneInfo(session.execute(select(Chain.zone)).scalar_one())
