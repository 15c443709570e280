"""Works imports off: one piece, one transaction that also moves the mark, until there is nothing left to do.

Killed at any moment it goes on at the mark. Two of it do not get in each other's way: each piece is done under a lock.
"""

from collections.abc import Callable, Sequence
from uuid import UUID

import structlog
from sqlalchemy.orm import Session

from hub.clock import Clock
from hub.db.session import Database
from hub.imports import queries
from hub.imports.drafts import CellFault
from hub.imports.models import Import
from hub.imports.pieces import Bench, Counts, look_at, work_off
from hub.imports.service import begin_again, end, plan_of, rows_of
from hub.intake import RandomBytes
from hub.members.vault import Vault
from hub.programme import service as programme

FAULTS_MAX = 1_000
"""So many faults are kept; the others are only counted."""

log = structlog.get_logger()


IsErased = Callable[[], Callable[[str, str], bool]]
"""Reads the list of erased members; what it gives tells of a field that members are found by, and a value of it in the
form in which it is kept, whether an erased member had it."""


class Worker:
    """Does what imports wait for. Which phone numbers a check has met, it knows as long as it lives."""

    def __init__(
        self, database: Database, vault: Vault, clock: Clock, random_bytes: RandomBytes, *, erased: IsErased
    ) -> None:
        self._database = database
        self._vault = vault
        self._clock = clock
        self._random_bytes = random_bytes
        self._erased = erased
        self._seen: dict[UUID, set[str]] = {}

    def run(self) -> None:
        """Work off everything that waits now."""
        while self.step():
            pass

    def step(self) -> bool:
        """Do one piece of the oldest import that waits; tells whether there was one."""
        with self._database.read() as session:
            waiting = queries.working(session)
        if not waiting:
            return False
        try:
            self._database.run(lambda session: self._do(session, waiting[0]))
        except Exception:
            log.exception("an import failed", id=str(waiting[0]))
            self._database.run(lambda session: self._give_up(session, waiting[0]))
        return True

    def _do(self, session: Session, id_: UUID) -> None:
        one = queries.locked(session, id_)
        if one is None or one.state not in {"checking", "running"}:
            return
        is_check = one.state == "checking"
        if is_check and one.mark and id_ not in self._seen:
            begin_again(session, one)  # another process has begun it, and knows which numbers it has met
        if one.mark == one.pieces:
            self._end(session, one)
            return
        rows = rows_of(session, self._vault, id_, one.mark)
        now, terms = self._clock(), programme.in_force(session)
        bench = Bench(self._vault, terms, plan_of(one), id_, now, self._random_bytes, self._erased())
        if is_check:
            # A piece that is tried again must find what was known before its first attempt.
            known = set() if one.mark == 0 else self._seen[id_]
            met = set(known)
            _count(session, one, look_at(session, bench, rows, met), len(rows))
            self._seen[id_] = met
        else:
            _count(session, one, work_off(session, bench, rows), len(rows))
        if one.mark == one.pieces:
            self._end(session, one)

    def _end(self, session: Session, one: Import) -> None:
        self._seen.pop(one.id, None)
        if one.state == "checking":
            one.state = "checked"
        else:
            end(session, one, "done", self._clock())

    def _give_up(self, session: Session, id_: UUID) -> None:
        one = queries.locked(session, id_)
        if one is not None:
            end(session, one, "failed", self._clock())


def _count(session: Session, one: Import, counts: Counts, rows: int) -> None:
    """Move the mark behind a piece, and add what became of its rows."""
    one.mark += 1
    one.rows_done += rows
    one.joined += counts.joined
    one.updated += counts.updated
    one.skipped += counts.skipped
    one.faulty += counts.faulty
    _keep(session, one, counts.faults)
    one.faults += len(counts.faults)


def _keep(session: Session, one: Import, faults: Sequence[CellFault]) -> None:
    first = min(one.faults, FAULTS_MAX)
    queries.keep_faults(session, one.id, first, faults[: FAULTS_MAX - first])
