"""All SQL of facts."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, and_, cast, false, func, literal_column, or_, select, tuple_
from sqlalchemy.orm import Session

from hub.booking.models import Fact
from hub.db.reading import Asked, Prepared, Rows, among
from hub.purchases.models import Purchase
from hub.rewards.models import Voucher


def ask_facts(session: Session, ids: Collection[UUID]) -> Asked[Rows]:
    """What became of items that were booked before."""
    return _FACTS.ask(session, ids=ids)


_FACTS = Prepared(
    lambda among: select(Fact.id, Fact.fingerprint, Fact.verdict, Fact.code, Fact.result).where(among(Fact.id, "ids"))
)


def ask_parked(session: Session, kiosks: Collection[str]) -> Asked[Rows]:
    """Events of these kiosks that are parked, with their bytes."""
    return _PARKED.ask(session, kiosks=kiosks)


_IS_PARKED = Fact.verdict == literal_column("'parked'")
"""As a parameter, no plan could rely on the index of what is parked."""

_PARKED = Prepared(
    lambda among: select(Fact.kiosk, Fact.epoch, Fact.seq, Fact.raw).where(
        _IS_PARKED, among(Fact.kiosk, "kiosks"), Fact.raw.is_not(None), Fact.seq.is_not(None)
    )
)


def parked_after(
    session: Session, after: tuple[datetime, str, UUID, int] | None, kiosk: str | None, at_most: int
) -> Sequence[Any]:
    """Parked events whose bytes are still kept, in the order in which they came, from a place in that order on.

    What came at once is in the order of its journal.
    """
    order = (Fact.received_at, Fact.kiosk, Fact.epoch, Fact.seq)
    columns = (Fact.id, Fact.kiosk, Fact.epoch, Fact.seq, Fact.fingerprint, Fact.raw)
    query = select(*columns, Fact.occurred_at, Fact.received_at, Fact.effective_at)
    query = query.where(_IS_PARKED, Fact.raw.is_not(None), Fact.seq.is_not(None))
    if kiosk is not None:
        query = query.where(Fact.kiosk == kiosk)
    if after is not None:
        query = query.where(tuple_(*order) > tuple_(*after))
    return session.execute(query.order_by(*order).limit(at_most)).all()


def verdicts_after(session: Session, places: Mapping[tuple[str, UUID], int]) -> Rows:
    """Events that were rejected or parked, of each of these journals after a place in it."""
    after = [
        and_(Fact.kiosk == kiosk, Fact.epoch == epoch, Fact.seq > seq) for (kiosk, epoch), seq in sorted(places.items())
    ]
    columns = (Fact.kiosk, Fact.epoch, Fact.seq, Fact.verdict, Fact.code)
    query = select(*columns).where(or_(false(), *after), Fact.verdict != "applied")
    return session.execute(query.order_by(Fact.kiosk, Fact.epoch, Fact.seq))


def counted(session: Session, kiosks: Collection[str], since: datetime, until: datetime) -> Rows:
    """How many events of a time each kiosk told, by verdict. Read from an index alone."""
    total = cast(func.count(), BigInteger).label("events")
    query = select(Fact.kiosk, Fact.verdict, total).where(*_of_kiosks(session, kiosks, since, until))
    return session.execute(query.group_by(Fact.kiosk, Fact.verdict))


def sold(session: Session, kiosks: Collection[str], since: datetime, until: datetime) -> Rows:
    """What purchases that kiosks recorded in a time came to: money, and the points they earned."""
    amount = cast(func.sum(Purchase.amount), BigInteger).label("amount")
    points = cast(func.sum(Purchase.points), BigInteger).label("points")
    query = select(Fact.kiosk, amount, points).join(Purchase, Purchase.id == Fact.id)
    return session.execute(query.where(*_of_kiosks(session, kiosks, since, until)).group_by(Fact.kiosk))


def redeemed(session: Session, kiosks: Collection[str], since: datetime, until: datetime) -> Rows:
    """How many points went into vouchers of kiosks in a time."""
    points = cast(func.sum(Voucher.points), BigInteger).label("points")
    query = select(Voucher.kiosk, points).where(
        among(session, Voucher.kiosk, kiosks), Voucher.redeemed_at >= since, Voucher.redeemed_at < until
    )
    return session.execute(query.group_by(Voucher.kiosk))


def parked_events(session: Session, kiosk: str, since: datetime, until: datetime) -> Rows:
    """Events of one kiosk and a time that wait for an upgrade or a person, in order."""
    query = select(Fact.id, Fact.kind, Fact.code, Fact.effective_at, Fact.epoch, Fact.seq).where(
        *_of_kiosks(session, {kiosk}, since, until), Fact.verdict == "parked"
    )
    return session.execute(query.order_by(Fact.effective_at, Fact.id))


def newest_at(session: Session) -> datetime | None:
    """When the newest fact of all came."""
    return session.execute(select(func.max(Fact.received_at))).scalar_one()


def _of_kiosks(
    session: Session, kiosks: Collection[str], since: datetime, until: datetime
) -> tuple[ColumnElement[bool], ...]:
    told = among(session, Fact.kiosk, kiosks), Fact.seq.is_not(None)
    return *told, Fact.effective_at >= since, Fact.effective_at < until
