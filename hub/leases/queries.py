"""All SQL of leases."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, case, cast, delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.cards.models import Card
from hub.db.reading import Prepared, Rows, among
from hub.fleet.models import Kiosk, Sighting, Stream
from hub.leases.models import CardWindow, Lease, Lending, StockLease
from hub.rewards.models import Voucher
from hub.stores.models import Store

_LOAN = ("kiosk", "number", "epoch", "spent", "state", "deadline", "recalled_at")
_LEASE = tuple(getattr(Lease, name) for name in (*_LOAN, "member", "reward", "spend", "points"))
_STOCK = tuple(getattr(StockLease, name) for name in (*_LOAN, "reward", "pieces", "missing"))


def leases(session: Session, numbers: Collection[tuple[str, int]], spends: Collection[UUID]) -> Rows:
    """Lock and load leases by kiosk and number, or by the spend they were asked for, in the order of their numbers.

    It may give a few more than those named: every one of these kiosks with every one of these numbers.
    """
    named = or_(_numbered(session, Lease, numbers), among(session, Lease.spend, spends))
    query = select(*_LEASE).where(named).order_by(Lease.kiosk, Lease.number)
    return session.execute(query.with_for_update())


def stock_leases(session: Session, numbers: Collection[tuple[str, int]]) -> Rows:
    """Lock and load leases of stock, as `leases` does."""
    query = select(*_STOCK).where(_numbered(session, StockLease, numbers))
    return session.execute(query.order_by(StockLease.kiosk, StockLease.number).with_for_update())


def _numbered(session: Session, model: type[Lease | StockLease], numbers: Collection[tuple[str, int]]) -> Any:
    kiosks: InstrumentedAttribute[Any] = model.kiosk
    by_kiosk = among(session, kiosks, {kiosk for kiosk, _number in numbers})
    return by_kiosk & among(session, model.number, {number for _kiosk, number in numbers})


def redeemed(session: Session, spends: Collection[UUID]) -> set[UUID]:
    """Which of these spends have a voucher."""
    return set(session.execute(select(Voucher.id).where(among(session, Voucher.id, spends))).scalars())


def cards_of(session: Session, members: Collection[UUID]) -> Rows:
    """Lock and load the cards of members that may be used, in the order of their ids: nobody changes them meanwhile."""
    columns = (Card.id, Card.uid, Card.technology, Card.member, Card.counter)
    query = select(*columns).where(among(session, Card.member, members), Card.state == "active")
    return session.execute(query.order_by(Card.id).with_for_update(read=True))


def windows(session: Session, kiosks: Collection[str], cards: Collection[UUID]) -> set[tuple[str, UUID]]:
    """Which of these kiosks recognise which of these cards."""
    mine = (among(session, CardWindow.kiosk, kiosks), among(session, CardWindow.card, cards))
    return {(row.kiosk, row.card) for row in session.execute(select(CardWindow.kiosk, CardWindow.card).where(*mine))}


def recognising(session: Session, card: UUID) -> set[str]:
    """Kiosks that may recognise a card: they were given verifiers for it, or hold points of its member ahead."""
    holding = select(Lease.kiosk).join(Card, Card.member == Lease.member)
    lying = holding.where(Card.id == card, Lease.reward.is_(None), Lease.closed_at.is_(None))
    told = select(CardWindow.kiosk).where(CardWindow.card == card)
    return {kiosk for query in (lying, told) for kiosk in session.execute(query).scalars()}


def delete_windows(session: Session, card: UUID) -> None:
    """Forget which kiosks recognised a card."""
    session.execute(delete(CardWindow).where(CardWindow.card == card))


def look_at(session: Session, member: UUID, now: datetime) -> None:
    """Have the next round judge a member, if it is one to whom something may be lent."""
    session.execute(update(Lending).where(Lending.member == member).values(due_at=now))


def lent(session: Session, members: Collection[UUID]) -> dict[UUID, int]:
    """How many points of members lie at kiosks ahead, by member."""
    return {row.member: row.points for row in _LENT.rows(session, members=members)}


_LENT = Prepared(
    lambda among: (
        select(Lease.member, cast(func.sum(Lease.points - Lease.spent), BigInteger).label("points"))
        .where(among(Lease.member, "members"), Lease.reward.is_(None), Lease.closed_at.is_(None))
        .group_by(Lease.member)
    )
)


def holders_of_points(session: Session, members: Collection[UUID]) -> Rows:
    """Who holds points of members ahead: each open lease, with its kiosk and whether that is connected."""
    rest = (Lease.points - Lease.spent).label("rest")
    query = _held(Lease, Lease.member.label("of"), rest)
    return session.execute(query.where(among(session, Lease.member, members), Lease.reward.is_(None)))


def holders_of_stock(session: Session, rewards: Collection[UUID]) -> Rows:
    """Who holds pieces of rewards, in the same form."""
    rest = (StockLease.pieces - StockLease.spent).label("rest")
    query = _held(StockLease, StockLease.reward.label("of"), rest)
    return session.execute(query.where(among(session, StockLease.reward, rewards)))


def _held(model: type[Lease | StockLease], of: Any, rest: Any) -> Select[*tuple[Any, ...]]:
    is_connected = case((Sighting.state == "online", 1), else_=0).label("is_connected")
    query = select(of, model.kiosk, model.number, model.epoch, model.recalled_at, rest, is_connected)
    query = query.add_columns(Kiosk.state.label("kiosk_state"), Store.id.label("store"), Store.names)
    joined = query.join(Kiosk, Kiosk.id == model.kiosk).join(Store, Store.id == Kiosk.store)
    open_ones = joined.outerjoin(Sighting, Sighting.kiosk == model.kiosk).where(model.closed_at.is_(None))
    return open_ones.order_by(model.kiosk, model.number)


def lying(member: UUID) -> Select[*tuple[Any, ...]]:
    """Asks for what of a member is lent to kiosks now, and whether they are there to give it back."""
    query = select(
        *(Lease.kiosk, Lease.number, Lease.reward, Lease.granted_at, Lease.deadline, Lease.recalled_at),
        (Lease.points - Lease.spent).label("points"),
        *(Kiosk.store, Sighting.state.label("connection"), Sighting.at.label("seen_at")),
    )
    joined = query.join(Kiosk, Kiosk.id == Lease.kiosk).outerjoin(Sighting, Sighting.kiosk == Lease.kiosk)
    return joined.where(Lease.member == member, Lease.closed_at.is_(None))


BY_DEADLINE = (Lease.deadline, Lease.kiosk, Lease.number)
STOCK_BY_DEADLINE = (StockLease.deadline, StockLease.kiosk, StockLease.number)


def shown(session: Session, states: Collection[str]) -> Select[*tuple[Any, ...]]:
    """Asks for leases in these states, each with what became of its kiosk and of its journal."""
    query = _shown(session, Lease, states)
    return query.add_columns(Lease.member, Lease.reward, (Lease.points - Lease.spent).label("points"))


def stock_shown(session: Session, states: Collection[str]) -> Select[*tuple[Any, ...]]:
    """Asks for leases of pieces, in the same form."""
    query = _shown(session, StockLease, states)
    return query.add_columns(StockLease.reward, (StockLease.pieces - StockLease.spent).label("pieces"))


def _shown(session: Session, model: type[Lease | StockLease], states: Collection[str]) -> Select[*tuple[Any, ...]]:
    """A journal that the hub never met, as that of a neighbour to whom something was passed, has no state."""
    columns = (model.kiosk, model.number, model.epoch, model.state, model.spent, model.granted_at, model.deadline)
    query = select(*columns, model.recalled_at, Kiosk.state.label("kiosk_state"), Stream.state.label("epoch_state"))
    joined = query.join(Kiosk, Kiosk.id == model.kiosk).outerjoin(
        Stream, (Stream.kiosk == model.kiosk) & (Stream.epoch == model.epoch)
    )
    named: InstrumentedAttribute[Any] = model.state
    return joined.where(among(session, named, states))
