"""All SQL of the ledger."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Select, cast, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from hub.db.bulk import Rows, among
from hub.ledger.models import PROGRAMME_IDS_END, Account, Counter, Lot, LotUse, Transfer


def lock_accounts(session: Session, ids: Collection[UUID]) -> Rows:
    """Lock and load accounts, in the order of their ids: every booking locks in this order, so none waits in a ring."""
    columns = (
        Account.id,
        Account.owner,
        Account.book,
        Account.unit,
        Account.has_lots,
        Account.balance,
        Account.version,
    )
    return session.execute(
        select(*columns).where(among(session, Account.id, ids)).order_by(Account.id).with_for_update()
    )


def lock_counters(session: Session, ids: Collection[UUID]) -> Rows:
    """Lock and load counters, in the order of their ids."""
    query = select(Counter.id, Counter.remaining).where(among(session, Counter.id, ids))
    return session.execute(query.order_by(Counter.id).with_for_update())


def lots_of(session: Session, accounts: Collection[UUID]) -> Rows:
    """What remains in the lots of accounts that are locked, with the lots that their value was moved from."""
    moved = aliased(Lot)
    origins = select(moved.origin).where(
        among(session, moved.account, accounts), moved.remaining > 0, moved.origin.is_not(None)
    )
    columns = (Lot.id, Lot.account, Lot.origin, Lot.granted, Lot.remaining, Lot.active_from, Lot.expires_at)
    query = select(*columns).where(
        or_(among(session, Lot.account, accounts) & (Lot.remaining > 0), Lot.id.in_(origins.scalar_subquery()))
    )
    return session.execute(query.order_by(Lot.id))


def balances(session: Session, accounts: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Balance and version of accounts, without locking them."""
    query = select(Account.id, Account.balance, Account.version).where(among(session, Account.id, accounts))
    return {row.id: (row.balance, row.version) for row in session.execute(query)}


def expiring(session: Session, accounts: Collection[UUID], before: datetime) -> Rows:
    """For each account: how much of it expires before a moment, and when the first of that does."""
    total, first = cast(func.sum(Lot.remaining), BigInteger), func.min(Lot.expires_at)
    query = select(Lot.account, total.label("amount"), first.label("first_at")).where(
        among(session, Lot.account, accounts), Lot.remaining > 0, Lot.expires_at < before
    )
    return session.execute(query.group_by(Lot.account))


def movements(session: Session, account: UUID, before: datetime | None, limit: int) -> Iterable[Transfer]:
    """Transfers of one account, newest first."""
    query = select(Transfer).where(or_(Transfer.debit == account, Transfer.credit == account))
    if before is not None:
        query = query.where(Transfer.recorded_at < before)
    return session.execute(query.order_by(Transfer.recorded_at.desc(), Transfer.id.desc()).limit(limit)).scalars()


def _entries() -> Any:
    """Every transfer as two entries: what an account lost and what an account gained."""
    lost = select(Transfer.debit.label("account"), (-Transfer.amount).label("amount"))
    gained = select(Transfer.credit.label("account"), Transfer.amount.label("amount"))
    return union_all(lost, gained).subquery("entries")


def wrong_balances() -> Select[*tuple[Any, ...]]:
    """Accounts whose balance is not the sum of their entries, both ways round."""
    entries = _entries()
    sums = (
        select(entries.c.account, cast(func.sum(entries.c.amount), BigInteger).label("total"))
        .group_by(entries.c.account)
        .subquery()
    )
    query = select(
        func.coalesce(Account.id, sums.c.account).label("account"),
        Account.balance,
        func.coalesce(sums.c.total, 0).label("entries"),
    )
    joined = query.select_from(Account).join(sums, Account.id == sums.c.account, full=True)
    return joined.where(
        or_(
            Account.balance != func.coalesce(sums.c.total, 0),
            (Account.id.is_(None)) & (sums.c.account >= PROGRAMME_IDS_END),
        )
    )


def wrong_lots() -> Select[*tuple[Any, ...]]:
    """Accounts with lots whose balance is not the sum of what remains of their lots."""
    rests = (
        select(Lot.account, cast(func.sum(Lot.remaining), BigInteger).label("total")).group_by(Lot.account).subquery()
    )
    query = select(Account.id.label("account"), Account.balance, func.coalesce(rests.c.total, 0).label("lots"))
    joined = query.select_from(Account).outerjoin(rests, Account.id == rests.c.account)
    return joined.where(Account.has_lots, Account.balance != func.coalesce(rests.c.total, 0))


def unit_sums() -> Select[Any]:
    """The sum of all entries, which double entry makes zero."""
    return select(cast(func.coalesce(func.sum(_entries().c.amount), 0), BigInteger))


def uses_of(session: Session, transfers: Collection[UUID]) -> Iterable[LotUse]:
    """Which lots transfers took from."""
    return session.execute(
        select(LotUse).where(among(session, LotUse.transfer, transfers)).order_by(LotUse.lot)
    ).scalars()
