"""All SQL of reports: the ledger as it was at a moment, and one account's movements. It only reads."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, and_, case, cast, func, or_, select, union_all
from sqlalchemy.orm import Session, aliased

from hub.db.reading import Rows, among
from hub.ledger.models import PROGRAMME_IDS_END, Account, Lot, LotUse, Transfer
from hub.ledger.queries import of_member

ROWS_AT_ONCE = 5_000
"""How many rows of a report are in memory at once."""


def lots_known_at(session: Session, known_at: datetime) -> Rows:
    """What remained in lots by what was recorded up to a moment, with the book that the value is at home in.

    Lots that were granted later are among them: `granted_after` tells which. To be read row by row; there may be many.
    """
    later = (
        select(LotUse.lot, cast(func.sum(LotUse.amount), BigInteger).label("amount"))
        .join(Transfer, Transfer.id == LotUse.transfer)
        .where(Transfer.recorded_at > known_at)
        .group_by(LotUse.lot)
        .subquery("later")
    )
    origin, home = aliased(Lot), aliased(Account)
    rest = Lot.remaining + func.coalesce(later.c.amount, 0)
    query = (
        select(
            *(Lot.id, Lot.origin, Account.book, Account.unit, func.coalesce(home.book, Account.book).label("home")),
            *(Lot.unit_value, Lot.granted_at, Lot.active_from, Lot.expires_at, rest.label("rest")),
        )
        .join(Account, Account.id == Lot.account)
        .outerjoin(later, later.c.lot == Lot.id)
        .outerjoin(origin, origin.id == Lot.origin)
        .outerjoin(home, home.id == origin.account)
        .where(rest > 0)
    )
    return session.execute(query.execution_options(yield_per=ROWS_AT_ONCE))


def granted_after(session: Session, known_at: datetime) -> Rows:
    """Transfers to members that were recorded after a moment, and of how many lots each used: so many it may grant."""
    query = select(Transfer.id, func.count(LotUse.lot).label("lots")).outerjoin(LotUse, LotUse.transfer == Transfer.id)
    query = query.where(Transfer.recorded_at > known_at, Transfer.credit >= PROGRAMME_IDS_END).group_by(Transfer.id)
    return session.execute(query.execution_options(yield_per=ROWS_AT_ONCE))


def grants_to(session: Session, books: Collection[str], known_at: datetime) -> Rows:
    """Transfers by which the programme granted value to accounts of these books, and why."""
    query = select(Transfer.id, Transfer.cause).join(Account, Account.id == Transfer.credit)
    granted = query.where(
        Account.book.in_(sorted(books)), Transfer.debit < PROGRAMME_IDS_END, Transfer.recorded_at <= known_at
    )
    return session.execute(granted.execution_options(yield_per=ROWS_AT_ONCE))


Span = tuple[datetime | None, datetime | None]
"""From when on, and before when, something was recorded; None for no limit."""


def statement(session: Session, account: UUID, span: Span, *, before: Any | None, limit: int) -> Rows:
    """Movements of an account, newest first, with the change of its balance; `before` is a row to go on behind."""
    since, until = span
    query = _movements(account)
    if since is not None:
        query = query.where(Transfer.recorded_at >= since)
    if until is not None:
        query = query.where(Transfer.recorded_at < until)
    if before is not None:
        query = query.where(_comes_before(account, before, strictly=True))
    order = (Transfer.recorded_at, _takes(account), Transfer.effective_at, Transfer.id)
    return session.execute(query.order_by(*(column.desc() for column in order)).limit(limit))


def place_of(session: Session, account: UUID, transfer: UUID) -> Any | None:
    """Where a transfer stands among an account's movements; None where it is none of them."""
    return session.execute(_movements(account).where(Transfer.id == transfer)).first()


def balance_upto(session: Session, account: UUID, row: Any) -> int:
    """What an account held just after one of its movements."""
    query = select(cast(func.coalesce(func.sum(_change(account)), 0), BigInteger))
    return session.execute(query.where(_of(account), _comes_before(account, row, strictly=False))).scalar_one()


def changes(session: Session, account: UUID, span: Span) -> Rows:
    """How and when an account changed within a time, oldest first."""
    since, until = span
    query = select(Transfer.recorded_at, _change(account).label("change")).where(_of(account))
    if since is not None:
        query = query.where(Transfer.recorded_at >= since)
    if until is not None:
        query = query.where(Transfer.recorded_at < until)
    return session.execute(query.order_by(Transfer.recorded_at, _takes(account), Transfer.effective_at, Transfer.id))


def balances_at(session: Session, owner: UUID, at: datetime, known_at: datetime) -> Rows:
    """What the accounts of an owner held at a moment, by what was recorded up to another: by book and unit."""
    sides = [
        select(Account.book, Account.unit, amount.label("amount"))
        .join(Transfer, side == Account.id)
        .where(Account.owner == owner, of_member(side), Transfer.effective_at <= at, Transfer.recorded_at <= known_at)
        for side, amount in ((Transfer.debit, -Transfer.amount), (Transfer.credit, Transfer.amount))
    ]
    entries = union_all(*sides).subquery("entries")
    total = cast(func.sum(entries.c.amount), BigInteger).label("balance")
    query = select(entries.c.book, entries.c.unit, total).group_by(entries.c.book, entries.c.unit)
    return session.execute(query.order_by(entries.c.book, entries.c.unit))


def reversals_of(session: Session, transfers: Collection[UUID]) -> Rows:
    """Transfers that reverse one of these."""
    query = select(Transfer.id, Transfer.reverses).where(among(session, Transfer.reverses, transfers))
    return session.execute(query.order_by(Transfer.recorded_at, Transfer.id))


def _movements(account: UUID) -> Select[*tuple[Any, ...]]:
    columns = (Transfer.id, Transfer.fact, Transfer.kind, Transfer.amount, Transfer.reverses, Transfer.actor)
    more = (Transfer.cause, Transfer.reason, Transfer.effective_at, Transfer.recorded_at)
    return select(*columns, *more, _change(account).label("change")).where(_of(account))


def _of(account: UUID) -> ColumnElement[bool]:
    return or_(*(and_(side == account, of_member(side)) for side in (Transfer.debit, Transfer.credit)))


def _change(account: UUID) -> ColumnElement[int]:
    return case((Transfer.credit == account, Transfer.amount), else_=-Transfer.amount)


def _takes(account: UUID) -> ColumnElement[int]:
    return case((Transfer.debit == account, 1), else_=0)


def _comes_before(account: UUID, row: Any, *, strictly: bool) -> ColumnElement[bool]:
    """Condition: a movement stands before a row in a statement, or is that row where this is not strict."""
    takes, key = _takes(account), (row.recorded_at, 0 if row.change > 0 else 1, row.effective_at, row.id)
    last = Transfer.id < key[3] if strictly else Transfer.id <= key[3]
    same = and_(takes == key[1], Transfer.effective_at == key[2], last)
    earlier = or_(takes < key[1], and_(takes == key[1], Transfer.effective_at < key[2]), same)
    return or_(Transfer.recorded_at < key[0], and_(Transfer.recorded_at == key[0], earlier))
