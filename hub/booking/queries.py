"""All SQL of facts."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import and_, false, or_, select
from sqlalchemy.orm import Session

from hub.booking.models import Fact
from hub.db.reading import Asked, Prepared, Rows


def ask_facts(session: Session, ids: Collection[UUID]) -> Asked[Rows]:
    """What became of items that were booked before."""
    return _FACTS.ask(session, ids=ids)


_FACTS = Prepared(
    lambda among: select(Fact.id, Fact.fingerprint, Fact.verdict, Fact.code, Fact.result).where(among(Fact.id, "ids"))
)


def verdicts_after(session: Session, places: Mapping[tuple[str, UUID], int]) -> Rows:
    """Events that were rejected or parked, of each of these journals after a place in it."""
    after = [
        and_(Fact.kiosk == kiosk, Fact.epoch == epoch, Fact.seq > seq) for (kiosk, epoch), seq in sorted(places.items())
    ]
    columns = (Fact.kiosk, Fact.epoch, Fact.seq, Fact.verdict, Fact.code)
    query = select(*columns).where(or_(false(), *after), Fact.verdict != "applied")
    return session.execute(query.order_by(Fact.kiosk, Fact.epoch, Fact.seq))
