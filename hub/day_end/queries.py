"""All SQL of day ends."""

from collections.abc import Collection, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ColumnElement, Select, and_, cast, delete, func, or_, select, union, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from hub.day_end.models import DayEnd, ExpiryNotice, LateMember
from hub.day_end.rules import EXPIRY_REVERSED
from hub.db.reading import Rows, among
from hub.ledger.models import Account, Lot, Transfer
from hub.ledger.queries import of_member
from hub.points.service import POINTS_EXPIRED

NO_MOVEMENTS = (POINTS_EXPIRED, EXPIRY_REVERSED)
"""Kinds of transfers that a member has no part in."""


def last_day(session: Session) -> date | None:
    """The last day whose end has begun, done or not."""
    return session.execute(select(func.max(DayEnd.day))).scalar_one()


def unfinished(session: Session) -> date | None:
    """The day whose end was begun and is not done."""
    query = select(DayEnd.day).where(DayEnd.finished_at.is_(None)).order_by(DayEnd.day).limit(1)
    return session.execute(query).scalar_one_or_none()


def last_finished(session: Session) -> date | None:
    """The last day whose end is done."""
    return session.execute(select(func.max(DayEnd.day)).where(DayEnd.finished_at.is_not(None))).scalar_one()


def move(session: Session, place: tuple[date, str, str], to: tuple[str, str], **values: Any) -> bool:
    """Move a day end from one step and cursor to the next; False where somebody else has moved it meanwhile."""
    day, step, cursor = place
    query = update(DayEnd).where(DayEnd.day == day, DayEnd.step == step, DayEnd.cursor == cursor)
    moved = session.execute(query.values(step=to[0], cursor=to[1], **values).returning(DayEnd.day))
    return moved.first() is not None


def expired(session: Session, books: Collection[str], upto: datetime, *, after: UUID, limit: int) -> Rows:
    """The next accounts of these books in which value lies that expires up to a moment."""
    query = _expired(books, upto).where(Lot.account > after)
    return session.execute(query.order_by(Lot.account).limit(limit))


def expired_of(session: Session, members: Collection[UUID], books: Collection[str], upto: datetime) -> Rows:
    """The accounts of these books and members in which value lies that expires up to a moment."""
    return session.execute(_expired(books, upto).where(among(session, Account.owner, members)).order_by(Lot.account))


def _expired(books: Collection[str], upto: datetime) -> Any:
    query = select(Lot.account, Account.owner, Account.book, Account.version).join(Account, Account.id == Lot.account)
    return query.where(Lot.remaining > 0, Lot.expires_at <= upto, Account.book.in_(sorted(books))).distinct()


def silent(session: Session, book: str, span: tuple[datetime, datetime], *, after: UUID, limit: int) -> Rows:
    """The next accounts of a book that hold something, and for each whether anything moved in a time."""
    chunk = (
        select(Account.id, Account.owner, Account.version)
        .where(Account.book == book, Account.balance > 0, Account.id > after)
        .order_by(Account.id)
        .limit(limit)
        .subquery("chunk")
    )
    moved = or_(*(_movement(side, chunk.c.id, span).exists() for side in (Transfer.debit, Transfer.credit)))
    return session.execute(select(*chunk.c, moved.label("moved")).order_by(chunk.c.id))


def _movement(side: InstrumentedAttribute[UUID], account: ColumnElement[UUID], span: tuple[datetime, datetime]) -> Any:
    since, upto = span
    # What counts after a moment was recorded after it too; the indexes are by when it was recorded.
    when = and_(Transfer.recorded_at > since, Transfer.effective_at > since, Transfer.effective_at <= upto)
    return select(Transfer.id).where(of_member(side), side == account, when, Transfer.kind.not_in(NO_MOVEMENTS))


def lapses(session: Session, accounts: Collection[UUID]) -> Rows:
    """Every expiry of these accounts that was not reversed."""
    later = aliased(Transfer)
    query = select(Transfer.id, Transfer.debit, Transfer.amount, Transfer.cause, Transfer.effective_at)
    query = query.where(
        among(session, Transfer.debit, accounts),
        of_member(Transfer.debit),
        Transfer.kind == POINTS_EXPIRED,
        ~select(later.id).where(later.reverses == Transfer.id, later.kind == EXPIRY_REVERSED).exists(),
    )
    return session.execute(query.order_by(Transfer.id))


def moments(session: Session, accounts: Collection[UUID], since: datetime) -> Rows:
    """When anything moved on these accounts after a moment, but for what day ends did."""
    sides = [
        select(side.label("account"), Transfer.effective_at).where(
            among(session, side, accounts),
            of_member(side),
            Transfer.recorded_at > since,
            Transfer.effective_at > since,
            Transfer.kind.not_in(NO_MOVEMENTS),
        )
        for side in (Transfer.debit, Transfer.credit)
    ]
    return session.execute(union(*sides))


def versions(session: Session, accounts: Collection[UUID]) -> dict[UUID, int]:
    """Versions of accounts."""
    query = select(Account.id, Account.version).where(among(session, Account.id, accounts))
    return {row.id: row.version for row in session.execute(query)}


def late_members(session: Session, after: UUID, limit: int) -> list[UUID]:
    """The next members that are to be looked at again."""
    query = select(LateMember.member).where(LateMember.member > after).order_by(LateMember.member).limit(limit)
    return list(session.execute(query).scalars())


def add_late(session: Session, members: Mapping[UUID, date]) -> None:
    """Note members that are to be looked at again, each with the earliest day that this is for."""
    rows = [{"member": member, "since": since} for member, since in sorted(members.items())]
    insert = sqlite.insert if session.connection().dialect.name == "sqlite" else postgresql.insert
    new = insert(LateMember).values(rows)
    earlier = new.excluded.since < LateMember.since
    session.execute(
        new.on_conflict_do_update(index_elements=["member"], set_={"since": new.excluded.since}, where=earlier)
    )


def forget_late(session: Session, members: Collection[UUID]) -> None:
    """These members need not be looked at again."""
    session.execute(delete(LateMember).where(among(session, LateMember.member, members)))


def to_notice(
    session: Session, books: Collection[str], span: tuple[datetime, datetime], *, since: UUID, limit: int
) -> Rows:
    """What expires within a time and was not told yet, by account and expiry, from an account on."""
    after, upto = span
    told = select(ExpiryNotice.account).where(
        ExpiryNotice.account == Lot.account, ExpiryNotice.expires_at == Lot.expires_at
    )
    query = (
        select(
            *(Lot.account, Lot.expires_at, Account.owner, Account.book),
            cast(func.sum(Lot.remaining), BigInteger).label("amount"),
        )
        .join(Account, Account.id == Lot.account)
        .where(
            Lot.remaining > 0,
            Lot.expires_at > after,
            Lot.expires_at <= upto,
            Lot.account >= since,
            Account.book.in_(sorted(books)),
            ~told.exists(),
        )
        .group_by(Lot.account, Lot.expires_at, Account.owner, Account.book)
    )
    return session.execute(query.order_by(Lot.account, Lot.expires_at).limit(limit))


BY_NOTICE = (ExpiryNotice.noticed_at, ExpiryNotice.account, ExpiryNotice.expires_at)


def notices(since: datetime) -> Select[*tuple[Any, ...]]:
    """Asks for notices that were given from a moment on."""
    columns = (ExpiryNotice.account, ExpiryNotice.expires_at, ExpiryNotice.member, ExpiryNotice.book)
    return select(*columns, ExpiryNotice.amount, ExpiryNotice.noticed_at).where(ExpiryNotice.noticed_at >= since)


def booked(session: Session, actor: str, since: datetime, at: datetime) -> Rows:
    """What a day end has booked: by kind and unit, how many transfers and how much. It began at `since`."""
    query = (
        select(
            *(Transfer.kind, Account.unit, func.count().label("transfers")),
            cast(func.sum(Transfer.amount), BigInteger).label("amount"),
        )
        .join(Account, Account.id == Transfer.debit)
        .where(Transfer.recorded_at >= since, Transfer.actor == actor, Transfer.effective_at == at)
        .group_by(Transfer.kind, Account.unit)
    )
    return session.execute(query.order_by(Transfer.kind, Account.unit))
