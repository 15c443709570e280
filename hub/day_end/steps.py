"""The steps of a day end: each looks at the books from a cursor on and says what the next chunk is. They only read.

What is to be booked has ids derived from the day and the account, so a chunk that was cut off is simply made again.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct
from sqlalchemy.orm import Session

from hub.day_end import queries
from hub.day_end.findings import SILENT_SINCE, SINKS, LapseReversed, PointsLapsed, ValueExpired
from hub.day_end.models import ExpiryNotice
from hub.day_end.rules import DAY, Lapse, end_of, notice_until, silent_since
from hub.db.base import Base
from hub.holds import service as holds
from hub.intake import ByJob, Item
from hub.ledger import queries as ledger_queries
from hub.ledger import service as ledger
from hub.ledger.models import Rollup
from hub.points.rules import ExpiryPolicy
from hub.points.service import POINTS, points_account
from hub.programme.service import Terms
from protocol.ids import derived_id

JOB = "day_end"
ACTOR = f"job:{JOB}"

CHUNK_MAX_ACCOUNTS = 500
"""Most accounts in one transaction of a day end: tills and kiosks wait no longer for it than for each other."""

FAULTS_KEPT = 20
"""Most faults of the books that a day end keeps; the log has all of them."""

NOTHING = UUID(int=0)
"""Comes before every account and every member: where a chunk begins that nothing came before."""


@dataclass(frozen=True, slots=True)
class Ending:
    """The day that is ended, what holds on it, how late it is now, and of how many accounts a chunk is."""

    day: date
    zone: ZoneInfo
    terms: Terms
    started_at: datetime
    now: datetime
    chunk_max: int = CHUNK_MAX_ACCOUNTS

    @property
    def at(self) -> datetime:
        """The moment at which the day is over, and at which everything counts that its end books."""
        return end_of(self.day, self.zone)

    @property
    def expiry(self) -> ExpiryPolicy:
        """How points expire."""
        return self.terms.policy("expiry", ExpiryPolicy)


@dataclass(frozen=True, slots=True)
class Chunk:
    """What is to be done next: items to book, or rows to write together with the cursor.

    `cursor` None ends the step. `figures` are kept with the day; `faults` are what is wrong with the books.
    """

    cursor: str | None
    items: Sequence[Item] = ()
    table: type[Base] | None = None
    rows: Sequence[Mapping[str, Any]] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    faults: Sequence[str] = ()


Step = Callable[[Session, Ending, str], Chunk]


def free_holds(session: Session, ending: Ending, cursor: str) -> Chunk:
    """Free what is still held though its time ran out on this day."""
    items = holds.overdue(session, ending.at, ending.chunk_max)
    return Chunk(cursor if items else None, items)


def expire(session: Session, ending: Ending, cursor: str) -> Chunk:
    """Have all value expire whose time ran out on this day, or on an earlier one and came to light later."""
    found = queries.expired(session, SINKS, ending.at, after=_after(cursor), limit=ending.chunk_max)
    rows = list(found)
    items = [
        _item(
            derived_id(row.account, f"expired.{ending.day}"),
            "value.expired",
            ValueExpired(row.owner, row.account, row.book, ending.day, ending.at),
            ending.at,
        )
        for row in rows
    ]
    return Chunk(str(rows[-1].account) if len(rows) == ending.chunk_max else None, items)


def lapse(session: Session, ending: Ending, cursor: str) -> Chunk:
    """Take the points of members on whose account nothing has happened for as long as the policy says."""
    if ending.expiry.kind != "inactivity":
        return Chunk(None)
    span = silent_since(ending.day, ending.expiry.months, ending.zone), ending.at
    rows = list(queries.silent(session, POINTS, span, after=_after(cursor), limit=ending.chunk_max))
    items = [
        _item(
            derived_id(row.id, f"lapsed.{ending.day}"),
            "points.lapsed",
            PointsLapsed(row.owner, ending.day, *span, row.version),
            ending.at,
        )
        for row in rows
        if not row.moved
    ]
    return Chunk(str(rows[-1].id) if len(rows) == ending.chunk_max else None, items)


def give_notice(session: Session, ending: Ending, cursor: str) -> Chunk:
    """Write down what expires soon and was not told yet."""
    span = ending.at, notice_until(ending.day, ending.expiry.notice_days, ending.zone)
    found = queries.to_notice(session, SINKS, span, since=_after(cursor), limit=ending.chunk_max)
    rows = [
        {
            "account": row.account,
            "expires_at": row.expires_at,
            "member": row.owner,
            "book": row.book,
            "amount": row.amount,
            "noticed_at": ending.now,
        }
        for row in found
    ]
    # The limit may cut an account's notices in two, so the next chunk begins with the same account.
    cursor_after = str(rows[-1]["account"]) if len(rows) == ending.chunk_max else None
    return Chunk(cursor_after, table=ExpiryNotice, rows=rows)


def roll_up(session: Session, ending: Ending, cursor: str) -> Chunk:
    """Add up one more day (UTC) of what the programme's accounts lost and gained."""
    day = ledger_queries.next_to_roll_up(session, date.fromisoformat(cursor) if cursor else None)
    if day is None:
        return Chunk(None)
    since = ledger_queries.begin_of(day)
    if since + DAY + ledger_queries.SETTLED_AFTER > ending.now:
        return Chunk(None)
    rows = [
        {"account": row.account, "unit": row.unit, "day": day, "debited": row.debited, "credited": row.credited}
        for row in ledger_queries.programme_entries(session, since, since + DAY)
    ]
    return Chunk(day.isoformat(), table=Rollup, rows=rows)


def prove(session: Session, ending: Ending, cursor: str) -> Chunk:  # noqa: ARG001 - this is done in one go
    """Compare all books, and sum up what this day end has booked."""
    proof = ledger.prove(session)
    faults = [*proof.faults, *_wrong_rollups(session)]
    figures = {
        "accounts": proof.accounts,
        "transfers": proof.transfers,
        "faults": len(faults),
        "first_faults": faults[:FAULTS_KEPT],
        "sums": ledger_queries.unit_sums(session),
        "booked": [
            {"kind": row.kind, "unit": row.unit, "transfers": row.transfers, "amount": row.amount}
            for row in queries.booked(session, ACTOR, ending.started_at, ending.at)
        ],
    }
    return Chunk(None, figures=figures, faults=faults)


STEPS: Mapping[str, Step] = {
    "holds": free_holds,
    "expire": expire,
    "inactivity": lapse,
    "notices": give_notice,
    "rollups": roll_up,
    "proof": prove,
}
"""What a day end does, in this order."""


def revise(session: Session, members: Sequence[UUID], ending: Ending) -> list[tuple[UUID, Item]]:
    """What is to be put right, and for whom, where something came to light after `ending` was done.

    It counts from now on. The ids name the state of the account, so that the same finding is booked once and a later
    one is another.
    """
    expired = [
        (
            row.owner,
            _item(
                derived_id(row.account, f"expired.late.{row.version}"),
                "value.expired",
                ValueExpired(row.owner, row.account, row.book, ending.day, ending.at),
                ending.now,
            ),
        )
        for row in queries.expired_of(session, members, SINKS, ending.at)
    ]
    return expired + _wrong_lapses(session, members, ending)


def _wrong_lapses(session: Session, members: Sequence[UUID], ending: Ending) -> list[tuple[UUID, Item]]:
    owners = {points_account(member): member for member in members}
    lapses = [
        (row, Lapse(datetime.fromisoformat(row.cause[SILENT_SINCE]), row.effective_at))
        for row in queries.lapses(session, owners)
        if SILENT_SINCE in row.cause
    ]
    if not lapses:
        return []
    moments: dict[UUID, list[datetime]] = {}
    for row in queries.moments(session, owners, min(lapse.since for _row, lapse in lapses)):
        moments.setdefault(row.account, []).append(row.effective_at)
    wrong = [row for row, lapse in lapses if lapse.is_contradicted(moments.get(row.debit, []))]
    return [(owners[row.debit], _reversal(owners[row.debit], row.id, row.amount, ending.now)) for row in wrong]


def _reversal(member: UUID, lapse: UUID, amount: int, at: datetime) -> Item:
    return _item(derived_id(lapse, "reversed"), "lapse.reversed", LapseReversed(member, lapse, amount), at)


def _wrong_rollups(session: Session) -> list[str]:
    derived = {(row.account, row.unit): row.total for row in session.execute(ledger_queries.programme_sums())}
    rolled = ledger_queries.programme_balances(session)
    return [
        f"account {account} of the programme holds {derived.get((account, unit), 0)} in {unit}, rolled up it is {total}"
        for (account, unit), total in sorted((derived | rolled).items())
        if rolled.get((account, unit), 0) != derived.get((account, unit), 0)
    ]


def _item(id_: UUID, kind: str, body: Struct, at: datetime) -> Item:
    # The id says everything that the content may not contradict.
    fingerprint = hashlib.sha256(kind.encode() + id_.bytes).digest()
    return Item(id_, kind, body, ByJob(JOB), fingerprint, at)


def _after(cursor: str) -> UUID:
    return UUID(cursor) if cursor else NOTHING
