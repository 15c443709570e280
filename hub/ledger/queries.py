"""All SQL of the ledger."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    CompoundSelect,
    Select,
    and_,
    bindparam,
    case,
    cast,
    func,
    literal,
    or_,
    select,
    union,
    union_all,
)
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from hub.db.reading import Among, Asked, Prepared, Rows, among
from hub.ledger.models import PROGRAMME_IDS_END, Account, Counter, Lot, LotUse, Rollup, Tally, Transfer

DAY = timedelta(days=1)

SETTLED_AFTER = timedelta(hours=1)
"""A transaction is recorded at the moment it was begun; so long after a day no transaction of that day is under way."""

INSTANT = timedelta(microseconds=1)
"""The shortest time that is told apart."""


def lock_accounts(session: Session, ids: Collection[UUID]) -> Asked[Rows]:
    """Lock and load accounts, in the order of their ids: every booking locks in this order, so none waits in a ring."""
    return _ACCOUNTS.ask(session, ids=ids)


_ACCOUNTS = Prepared(
    lambda among: (
        select(
            *(Account.id, Account.owner, Account.book, Account.unit),
            *(Account.has_lots, Account.balance, Account.version),
        )
        .where(among(Account.id, "ids"))
        .order_by(Account.id)
        .with_for_update()
    )
)


def lock_counters(session: Session, ids: Collection[UUID]) -> Asked[Rows]:
    """Lock and load counters, in the order of their ids."""
    return _COUNTERS.ask(session, ids=ids)


_COUNTERS = Prepared(
    lambda among: (
        select(Counter.id, Counter.remaining).where(among(Counter.id, "ids")).order_by(Counter.id).with_for_update()
    )
)


def lock_tallies(session: Session, ids: Collection[UUID]) -> Asked[Rows]:
    """Lock and load tallies, in the order of their ids."""
    return _TALLIES.ask(session, ids=ids)


_TALLIES = Prepared(
    lambda among: select(Tally.id, Tally.used).where(among(Tally.id, "ids")).order_by(Tally.id).with_for_update()
)


_LOT = (
    *(Lot.id, Lot.account, Lot.origin, Lot.source, Lot.granted, Lot.remaining),
    *(Lot.unit_value, Lot.granted_at, Lot.active_from, Lot.expires_at),
)


def ask_lots_of(session: Session, accounts: Collection[UUID]) -> Asked[Rows]:
    """What remains in the lots of accounts that are locked, with the lots that their value was moved from."""
    return _LOTS_OF.ask(session, accounts=accounts)


def _lots_of(among: Among) -> CompoundSelect[*tuple[Any, ...]]:
    moved = aliased(Lot)
    origins = select(moved.origin).where(among(moved.account, "accounts"), moved.remaining > 0)
    # Not one query with an OR: PostgreSQL would look at every lot there is (370 ms among 200,000, not 0.3 ms).
    held = select(*_LOT).where(among(Lot.account, "accounts"), Lot.remaining > 0)
    return union(held, select(*_LOT).where(Lot.id.in_(origins))).order_by("id")


_LOTS_OF = Prepared(_lots_of)


def lots(session: Session, ids: Collection[UUID]) -> Rows:
    """Lots by their ids, whatever remains of them."""
    return session.execute(select(*_LOT).where(among(session, Lot.id, ids)).order_by(Lot.id))


def taken_by(session: Session, originals: Collection[UUID]) -> Rows:
    """What transfers took from which lots, less what later transfers that reverse them put back.

    Transfers that reverse another may have taken value from lots of their own; only what they put back counts.
    """
    later = select(Transfer.reverses.label("original"), LotUse.lot, LotUse.amount)
    later = later.join(LotUse, LotUse.transfer == Transfer.id)
    later = later.where(among(session, Transfer.reverses, originals), LotUse.amount < 0)
    first = select(LotUse.transfer.label("original"), LotUse.lot, LotUse.amount)
    both = union_all(first.where(among(session, LotUse.transfer, originals)), later).subquery("both")
    total = cast(func.sum(both.c.amount), BigInteger).label("amount")
    return session.execute(select(both.c.original, both.c.lot, total).group_by(both.c.original, both.c.lot))


def balances(session: Session, accounts: Collection[UUID]) -> dict[UUID, tuple[int, int]]:
    """Balance and version of accounts, without locking them."""
    query = select(Account.id, Account.balance, Account.version).where(among(session, Account.id, accounts))
    return {row.id: (row.balance, row.version) for row in session.execute(query)}


def holdings(session: Session, accounts: Collection[UUID], at: datetime, soon: datetime) -> Rows:
    """For each account its version, and by its lots: what can be spent at a moment, and what later.

    `pending` is what cannot be spent yet, the first of it from `pending_at` on; `expiring` is what can be spent now and
    expires before `soon`, the first of it at `expiring_at`. An account without lots can spend its balance.
    """
    lasts = or_(Lot.expires_at.is_(None), Lot.expires_at > at)
    active, pending = and_(Lot.active_from <= at, lasts), and_(Lot.active_from > at, lasts)
    leaving = and_(active, Lot.expires_at < soon)
    query = (
        select(
            *(Account.id, Account.version),
            case((Account.has_lots, _rest(active)), else_=Account.balance).label("spendable"),
            _rest(pending).label("pending"),
            func.min(case((pending, Lot.active_from))).label("pending_at"),
            _rest(leaving).label("expiring"),
            func.min(case((leaving, Lot.expires_at))).label("expiring_at"),
        )
        .outerjoin(Lot, and_(Lot.account == Account.id, Lot.remaining > 0))
        .where(among(session, Account.id, accounts))
        .group_by(Account.id, Account.version, Account.has_lots, Account.balance)
    )
    return session.execute(query)


def _rest(of: ColumnElement[bool]) -> ColumnElement[int]:
    return cast(func.coalesce(func.sum(case((of, Lot.remaining))), 0), BigInteger)


def of_member(side: InstrumentedAttribute[UUID]) -> ColumnElement[bool]:
    """Condition: this side of a transfer is a member's account. SQLite finds transfers by a side only if this is said.

    It is written into the statement: an index of some rows is used only where the others are plainly not asked for.
    """
    end = bindparam(None, PROGRAMME_IDS_END, type_=side.type, literal_execute=True, unique=True)
    return side > end


def _entries() -> Any:
    """Every transfer as two entries: what an account lost and what an account gained."""
    lost = select(Transfer.debit.label("account"), (-Transfer.amount).label("amount"))
    gained = select(Transfer.credit.label("account"), Transfer.amount.label("amount"))
    return union_all(lost, gained).subquery("entries")


def wrong_balances() -> CompoundSelect[*tuple[Any, ...]]:
    """Accounts whose balance is not the sum of their entries; and entries of members' accounts that do not exist."""
    entries = _entries()
    sums = (
        select(entries.c.account, cast(func.sum(entries.c.amount), BigInteger).label("total"))
        .group_by(entries.c.account)
        .cte("sums")
    )
    # Not one full join: SQLite compares every account with every sum there, which takes hours for 100,000 members.
    total = func.coalesce(sums.c.total, 0)
    held = select(Account.id.label("account"), Account.balance, total.label("entries"))
    unlike = held.outerjoin(sums, Account.id == sums.c.account).where(Account.balance != total)
    orphans = select(sums.c.account, Account.balance, sums.c.total).outerjoin(Account, Account.id == sums.c.account)
    return union_all(unlike, orphans.where(Account.id.is_(None), sums.c.account >= PROGRAMME_IDS_END))


def wrong_lots() -> Select[*tuple[Any, ...]]:
    """Accounts with lots whose balance is not the sum of what remains of their lots."""
    rests = (
        select(Lot.account, cast(func.sum(Lot.remaining), BigInteger).label("total")).group_by(Lot.account).subquery()
    )
    query = select(Account.id.label("account"), Account.balance, func.coalesce(rests.c.total, 0).label("lots"))
    joined = query.select_from(Account).outerjoin(rests, Account.id == rests.c.account)
    return joined.where(Account.has_lots, Account.balance != func.coalesce(rests.c.total, 0))


def wrong_uses() -> Select[*tuple[Any, ...]]:
    """Lots of which does not remain what was granted less the sum of their uses."""
    used = select(LotUse.lot, cast(func.sum(LotUse.amount), BigInteger).label("total")).group_by(LotUse.lot).subquery()
    left = Lot.granted - func.coalesce(used.c.total, 0)
    query = select(Lot.id.label("lot"), Lot.remaining, left.label("uses")).outerjoin(used, Lot.id == used.c.lot)
    return query.where(Lot.remaining != left)


def member_sums() -> Select[*tuple[Any, ...]]:
    """For each unit: the sum of all balances that members hold, leased and held value among it."""
    return select(Account.unit, cast(func.sum(Account.balance), BigInteger).label("total")).group_by(Account.unit)


def programme_sums() -> Select[*tuple[Any, ...]]:
    """For each account of the programme and each unit that it dealt in: what it gained less what it lost."""
    other = aliased(Account)
    lost = select(Transfer.debit.label("account"), other.unit, (-Transfer.amount).label("amount"))
    gained = select(Transfer.credit.label("account"), other.unit, Transfer.amount.label("amount"))
    entries = union_all(
        lost.join(other, other.id == Transfer.credit).where(Transfer.debit < PROGRAMME_IDS_END),
        gained.join(other, other.id == Transfer.debit).where(Transfer.credit < PROGRAMME_IDS_END),
    ).subquery("entries")
    total = cast(func.sum(entries.c.amount), BigInteger).label("total")
    return select(entries.c.account, entries.c.unit, total).group_by(entries.c.account, entries.c.unit)


def begin_of(day: date) -> datetime:
    """The moment at which a day begins by which programme accounts are rolled up: these are days in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def next_to_roll_up(session: Session, after: date | None = None) -> date | None:
    """The first day with transfers that is not rolled up yet, and comes after a day; None where there is none."""
    last = max((day for day in (_last_rolled_up(session), after) if day is not None), default=None)
    query = select(func.min(Transfer.recorded_at))
    if last is not None:
        query = query.where(Transfer.recorded_at >= begin_of(last + DAY))
    first = session.execute(query).scalar_one()
    return None if first is None else first.date()


def _last_rolled_up(session: Session, before: date | None = None) -> date | None:
    query = select(func.max(Rollup.day))
    return session.execute(query if before is None else query.where(Rollup.day < before)).scalar_one()


def programme_entries(session: Session, since: datetime | None, until: datetime | None) -> Rows:
    """What each account of the programme lost and gained in each unit within a time, by when it was recorded."""
    sides = []
    for mine, others, lost in (
        (Transfer.debit, Transfer.credit, Transfer.amount),
        (Transfer.credit, Transfer.debit, literal(0)),
    ):
        query = select(
            mine.label("account"), Account.unit, lost.label("debited"), (Transfer.amount - lost).label("credited")
        )
        query = query.join(Account, Account.id == others).where(mine < PROGRAMME_IDS_END)
        if since is not None:
            query = query.where(Transfer.recorded_at >= since)
        if until is not None:
            query = query.where(Transfer.recorded_at < until)
        sides.append(query)
    entries = union_all(*sides).subquery("entries")
    sums = (cast(func.sum(entries.c[name]), BigInteger).label(name) for name in ("debited", "credited"))
    query = select(entries.c.account, entries.c.unit, *sums).group_by(entries.c.account, entries.c.unit)
    return session.execute(query.order_by(entries.c.account, entries.c.unit))


def programme_balances(session: Session, known_at: datetime | None = None) -> dict[tuple[UUID, str], int]:
    """What each account of the programme holds in each unit, by what was recorded up to a moment (None: by now).

    Whole days come from the rollups, the rest from the transfers themselves.
    """
    last = _last_rolled_up(session, None if known_at is None else known_at.date())
    balances: dict[tuple[UUID, str], int] = {}
    if last is not None:
        total = cast(func.sum(Rollup.credited - Rollup.debited), BigInteger).label("total")
        rolled = select(Rollup.account, Rollup.unit, total).where(Rollup.day <= last)
        for row in session.execute(rolled.group_by(Rollup.account, Rollup.unit)):
            balances[row.account, row.unit] = row.total
    since = None if last is None else begin_of(last + DAY)
    for row in programme_entries(session, since, None if known_at is None else known_at + INSTANT):
        key = row.account, row.unit
        balances[key] = balances.get(key, 0) + row.credited - row.debited
    return balances


def unit_sums(session: Session) -> dict[str, dict[str, int]]:
    """For each unit what members hold, and what the programme holds by its rollups: together they are 0."""
    sums = {row.unit: {"members": row.total, "programme": 0} for row in session.execute(member_sums())}
    for (_account, unit), total in programme_balances(session).items():
        sums.setdefault(unit, {"members": 0, "programme": 0})["programme"] += total
    return dict(sorted(sums.items()))


def mixed_units() -> Select[*tuple[Any, ...]]:
    """Transfers between two members' accounts of different units."""
    debit, credit = aliased(Account), aliased(Account)
    query = select(Transfer.id).join(debit, debit.id == Transfer.debit).join(credit, credit.id == Transfer.credit)
    return query.where(debit.unit != credit.unit)


def uses_of(session: Session, transfers: Collection[UUID]) -> Iterable[LotUse]:
    """Which lots transfers took from."""
    return session.execute(
        select(LotUse).where(among(session, LotUse.transfer, transfers)).order_by(LotUse.lot)
    ).scalars()
