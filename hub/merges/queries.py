"""All SQL of merges."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select, update
from sqlalchemy.orm import Session, aliased

from hub.cards.models import Card
from hub.db.reading import Rows, among
from hub.ledger.models import Account, Lot, LotUse, Transfer
from hub.members.models import Consent, Member
from hub.merges.models import Merge
from hub.points.service import POINTS
from hub.rewards.models import Voucher


def pointers(session: Session, members: Collection[UUID]) -> dict[UUID, UUID]:
    """For each of these members that is merged: the one it was merged into."""
    query = select(Merge.merged, Merge.kept).where(among(session, Merge.merged, members), Merge.undone_at.is_(None))
    return {row.merged: row.kept for row in session.execute(query)}


def into(session: Session, kept: Collection[UUID]) -> Rows:
    """Members that were merged into these."""
    query = select(Merge.kept, Merge.merged).where(among(session, Merge.kept, kept), Merge.undone_at.is_(None))
    return session.execute(query.order_by(Merge.kept, Merge.merged))


def merges(session: Session, ids: Collection[UUID]) -> Rows:
    """Lock and load merges, in the order of their ids."""
    columns = (Merge.id, Merge.kept, Merge.merged, Merge.before, Merge.moved, Merge.undone_at)
    query = select(*columns).where(among(session, Merge.id, ids)).order_by(Merge.id)
    return session.execute(query.with_for_update())


def accounts_of(session: Session, owners: Collection[UUID]) -> Rows:
    """Every account of these members, without locking it."""
    columns = (Account.id, Account.owner, Account.book, Account.unit, Account.has_lots, Account.version)
    return session.execute(select(*columns).where(among(session, Account.owner, owners)).order_by(Account.id))


def lock_members(session: Session, members: Collection[UUID]) -> None:
    """Lock the rows of these members, in the order of their ids. What refers to them can still be added."""
    query = select(Member.id).where(among(session, Member.id, members)).order_by(Member.id)
    session.execute(query.with_for_update(key_share=True)).all()


Thing = type[Card] | type[Consent] | type[Voucher]


def lock_things(session: Session, thing: Thing, members: Collection[UUID]) -> Rows:
    """Lock the things of one sort that these members have, in the order of their ids."""
    query = select(thing.id, thing.member).where(among(session, thing.member, members))
    return session.execute(query.order_by(thing.id).with_for_update())


def give(session: Session, thing: Thing, ids: Collection[UUID], members: tuple[UUID, UUID]) -> None:
    """Give those of these things that the first member has to the second."""
    owner, taker = members
    mine = update(thing).where(among(session, thing.id, ids), thing.member == owner)
    session.execute(mine.values(member=taker).execution_options(synchronize_session=False))


def origins_of(session: Session, lots: Collection[UUID]) -> list[UUID]:
    """The lots that the value of these was moved from."""
    query = select(Lot.origin).where(among(session, Lot.id, lots), Lot.origin.is_not(None))
    return [origin for origin in session.execute(query).scalars() if origin is not None]


def expired_of(session: Session, lots: Collection[UUID], sinks: Collection[UUID]) -> dict[UUID, int]:
    """How much of each of these lots has expired."""
    total = cast(func.sum(LotUse.amount), BigInteger).label("amount")
    query = select(LotUse.lot, total).join(Transfer, Transfer.id == LotUse.transfer)
    mine = query.where(among(session, LotUse.lot, lots), among(session, Transfer.credit, sinks))
    return {row.lot: row.amount for row in session.execute(mine.group_by(LotUse.lot))}


def left_behind(session: Session, limit: int) -> Rows:
    """Merges whose merged member holds something all the same, with the version of that member."""
    held, anchor = aliased(Account), aliased(Account)
    some = select(held.id).where(held.owner == Merge.merged, held.balance > 0).exists()
    query = (
        select(Merge.id, anchor.version)
        .join(anchor, (anchor.owner == Merge.merged) & (anchor.book == POINTS))
        .where(Merge.undone_at.is_(None), some)
    )
    return session.execute(query.order_by(Merge.id).limit(limit))
