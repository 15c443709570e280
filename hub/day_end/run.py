"""Runs day ends: every day that is over, in order, step by step and chunk by chunk, from where it was left.

A chunk is booked, then the cursor moves in a transaction of its own; what is written besides is written with the
cursor. Whatever is cut off between the two is made again, and booking knows its ids.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from itertools import chain
from typing import Any
from uuid import UUID

import structlog
from sqlalchemy import insert
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.day_end import queries
from hub.day_end.models import DayEnd
from hub.day_end.rules import POLICY, DayEndPolicy, due_days, last_over
from hub.day_end.steps import CHUNK_MAX_ACCOUNTS, NOTHING, STEPS, Chunk, Ending, revise
from hub.db.session import Database
from hub.errors import SetupError
from hub.intake import Item, Outcome, Verdict
from hub.ledger.queries import lock_accounts
from hub.points.service import points_account
from hub.programme import service as programme
from hub.stores import service as stores
from hub.stores.models import Chain

DONE = "done"

ATTEMPTS_MAX = 5
"""How often a chunk is looked at again because members were busy meanwhile; who still is, is left to the next day."""

REVISIONS = 2
"""How often late members are gone through: what the first time puts right, the second finds right."""

NO_GRACE = timedelta(0)
"""Whoever ends a day by hand knows that nothing is still to come."""

Book = Callable[[Sequence[Item]], Sequence[Outcome]]
Progress = Callable[[date, str, str], None]
"""Is told the day, the step and the cursor that come next, whenever a chunk is done."""

log = structlog.get_logger()


class DayNotOverError(SetupError):
    """A day can only be ended when it is over."""


def _tell_nobody(day: date, step: str, cursor: str) -> None:
    """Nobody wants to know how far it is."""


class DayEnds:
    """Ends days. `book` books items now. A hub without a chain has no days."""

    def __init__(
        self,
        database: Database,
        book: Book,
        clock: Clock,
        progress: Progress = _tell_nobody,
        *,
        chunk_max: int = CHUNK_MAX_ACCOUNTS,
    ) -> None:
        self._database = database
        self._book = book
        self._clock = clock
        self._progress = progress
        self._chunk_max = chunk_max

    def run(self, upto: date | None = None) -> list[date]:
        """End every day that is over, with its grace; given a day, every day up to that one as soon as it is over.

        Then look again at members of whom something came to light later. Returns the days whose end is now done.

        Raises:
            DayNotOverError: if the day that is given is not over.
        """
        days = self._due(upto)
        for day in days:
            self._begin(day)
            while self._advance(day):
                pass
        self._revise()
        return days

    def _due(self, upto: date | None) -> list[date]:
        now = self._clock()
        with self._database.read() as session:
            if session.get(Chain, 1) is None:
                return []
            zone, grace = stores.zone(session), programme.in_force(session).policy(POLICY, DayEndPolicy).grace
            last, unfinished = queries.last_day(session), queries.unfinished(session)
        newest = last_over(now, grace if upto is None else NO_GRACE, zone)
        if upto is not None and upto > newest:
            raise DayNotOverError(f"{upto} is not over yet")
        # The very first day is always the newest: what came before it has nothing to wait for.
        if upto is not None and last is not None:
            newest = upto
        return [day for day in chain([unfinished], due_days(last, newest)) if day is not None]

    def _begin(self, day: date) -> None:
        row = {"day": day, "step": next(iter(STEPS)), "cursor": "", "started_at": self._clock(), "figures": {}}

        def work(session: Session) -> None:
            if session.get(DayEnd, day) is None:
                session.execute(insert(DayEnd).values(**row))

        self._database.run(work)

    def _advance(self, day: date) -> bool:
        """Do the next chunk of a day; False where there is none."""
        for attempt in range(ATTEMPTS_MAX):
            with self._database.snapshot() as session:
                row = session.get_one(DayEnd, day)
                if row.step == DONE:
                    return False
                ending = self._ending(session, day, row.started_at)
                chunk = STEPS[row.step](session, ending, row.cursor)
            outcomes = self._booked(chunk.items)
            if all(outcome.verdict is not Verdict.WAITING for outcome in outcomes) or attempt == ATTEMPTS_MAX - 1:
                break
        has_moved = chunk.cursor != row.cursor or any(outcome.is_applied for outcome in outcomes)
        self._move((day, row.step, row.cursor), chunk if has_moved else Chunk(None), ending)
        return True

    def _ending(self, session: Session, day: date, started_at: datetime) -> Ending:
        terms, now = programme.in_force(session), self._clock()
        return Ending(day, stores.zone(session), terms, started_at, now, self._chunk_max)

    def _booked(self, items: Sequence[Item]) -> list[Outcome]:
        outcomes = list(self._book(items)) if items else []
        for item, outcome in zip(items, outcomes, strict=True):
            if outcome.verdict not in {Verdict.APPLIED, Verdict.WAITING}:
                log.error("a day end could not book", item=str(item.id), kind=item.kind, code=outcome.code)
        return outcomes

    def _move(self, place: tuple[date, str, str], chunk: Chunk, ending: Ending) -> None:
        day, step, _cursor = place
        to = (step, chunk.cursor) if chunk.cursor is not None else (_after(step), "")
        values: dict[str, Any] = {"finished_at": ending.now} if to[0] == DONE else {}
        if chunk.figures:
            values["figures"] = dict(chunk.figures)

        def work(session: Session) -> None:
            # Where another process has moved it meanwhile, that one has written the same rows.
            if queries.move(session, place, to, **values) and chunk.table is not None and chunk.rows:
                session.execute(insert(chunk.table), list(chunk.rows))

        self._database.run(work)
        for fault in chunk.faults:
            log.error("the books are wrong", day=day.isoformat(), fault=fault)
        self._progress(day, *to)

    def _revise(self) -> None:
        with self._database.read() as session:
            last = queries.last_finished(session)
        if last is None:
            return
        for _ in range(REVISIONS):
            after = NOTHING
            while members := self._revise_some(last, after):
                after = members[-1]

    def _revise_some(self, last: date, after: UUID) -> Sequence[UUID]:
        with self._database.read() as session:
            members = queries.late_members(session, after, self._chunk_max)
            if not members:
                return members
            ending = self._ending(session, last, self._clock())
            # Read before anything is looked for: who moves after this is not forgotten below.
            seen = queries.versions(session, [points_account(member) for member in members])
            found = revise(session, members, ending)
        for start in range(0, len(found), self._chunk_max):
            self._booked([item for _member, item in found[start : start + self._chunk_max]])
        touched = {member for member, _item in found}
        right = {points_account(member): member for member in members if member not in touched}
        self._database.run(lambda session: _forget(session, right, seen))
        return members


def _forget(session: Session, right: dict[UUID, UUID], seen: dict[UUID, int]) -> None:
    found = list(lock_accounts(session, right).answer()) if right else []
    settled = [right[row.id] for row in found if row.version == seen[row.id]]
    if settled:
        queries.forget_late(session, sorted(settled))


def _after(step: str) -> str:
    names = [*STEPS, DONE]
    return names[names.index(step) + 1]
