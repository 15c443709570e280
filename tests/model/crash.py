"""Kills a process of the hub at one statement after the other, as a power cut or the system might.

The process is real, and so are its end (SIGKILL), its files and its server. Every one is forked from a server that has
imported the hub before, so a death costs a few hundredths of a second.
"""

import os
import signal
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from multiprocessing import get_context
from typing import Any, Protocol

import psycopg
from sqlalchemy import Engine, event, func, select

from hub.audit.models import AuditEntry
from hub.clock import system_random
from hub.composition import Hub, compose
from hub.day_end.run import DayEnds
from hub.db.session import Database
from hub.intake import ByKiosk, Item, Outcome
from hub.ledger import service as ledger
from tests.hub.world import SECRETS
from tests.model.state import Rows, changes, dump, restore, unsealed

_processes = get_context("forkserver")
_processes.set_forkserver_preload(["hub.app", "tests.model.crash"])


class Operation(Protocol):
    """What is killed. It is sent to another process, and done a second time afterwards."""

    def __call__(self, hub: Hub) -> Any:
        """Do it all; what it returns has to be the same whenever it is done again."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Items that are booked together."""

    items: list[Item]

    def __call__(self, hub: Hub) -> list[Outcome]:
        """Book them; what callers are told. A kiosk is told how far its journal is booked, not each event's outcome."""
        outcomes = hub.book(self.items)
        return [outcome for item, outcome in zip(self.items, outcomes, strict=True) if not _is_event(item)]


def _is_event(item: Item) -> bool:
    return isinstance(item.source, ByKiosk) and item.source.place is not None


@dataclass(frozen=True, slots=True)
class DayEnd:
    """The end of every day that is over: many transactions, which go on where they were left."""

    def __call__(self, hub: Hub) -> None:
        """End them."""
        DayEnds(hub.database, hub.book, hub.clock).run()


@dataclass(frozen=True, slots=True)
class Scene:
    """A database, all that it holds before the operation, and the moment at which that is done."""

    database: Database
    before: Rows
    operation: Operation
    now: datetime

    def die_everywhere(self, *, is_whole: bool, stride: int = 1) -> int:
        """Kill the operation at its first statement, at its second and so on, until it survives; how often it died.

        The last death comes when all is committed and nobody was told yet. After each the books are right, and the
        operation done again ends as if nothing had happened: with the same answers and the same rows. One that
        `is_whole`, a single transaction, has left nothing behind or everything. With a `stride` only every so many
        statements one is deadly.
        """
        acts, before = self._begin(), unsealed(self.before)
        told, everything = self._act(), self._look(acts)
        for deaths in count():
            acts = self._begin()
            if self._survives(1 + deaths * stride):
                return deaths
            found = self._look(acts)
            assert not is_whole or found in ((before, 0), everything), changes(before, found[0])
            assert self._act() == told, f"told after death {deaths}"
            found = self._look(acts)
            assert found == everything, changes(everything[0], found[0])
        raise AssertionError("counting never ends")

    def _begin(self) -> int:
        """Have the database hold what it held before; how many entries its audit log has, which only ever grows."""
        restore(self.database, self.before)
        return _acts(self.database)

    def _act(self) -> Any:
        """Do the operation here and let it live."""
        return self.operation(make_hub(self.database, self.now))

    def _look(self, acts: int) -> tuple[Rows, int]:
        """What the database holds, its books being right, and how many entries its audit log has more than `acts`."""
        with self.database.read() as session:
            assert ledger.prove(session).faults == ()
        return unsealed(dump(self.database)), _acts(self.database) - acts

    def _survives(self, number: int) -> bool:
        # Nobody else has the database open meanwhile, so whoever opens it next has to repair it.
        self.database.close()
        url = self.database.url.render_as_string(hide_password=False)
        victim = _processes.Process(target=_live, args=(url, self.operation, self.now, number))
        victim.start()
        victim.join()
        assert victim.exitcode in {0, -signal.SIGKILL}, "the operation failed by itself"
        return victim.exitcode == 0


def make_hub(database: Database, now: datetime) -> Hub:
    """A hub whose clock stands."""
    return compose(database, SECRETS, clock=lambda: now, random_bytes=system_random)


def _acts(database: Database) -> int:
    """How many entries the audit log has. They cannot be taken away again, and their ids are drawn at random."""
    with database.read() as session:
        return session.execute(select(func.count()).select_from(AuditEntry)).scalar_one()


def _live(url: str, operation: Operation, now: datetime, number: int) -> None:
    database = Database(url)
    death = Death(number)
    _doom(database.engine, death)
    operation(make_hub(database, now))
    death.come_nearer()


class Death:
    """Comes at a statement or commit of a certain number, before it reaches the database."""

    def __init__(self, number: int) -> None:
        self._left = number

    def come_nearer(self, *_statement: object) -> None:
        """Count one more statement."""
        self._left -= 1
        if self._left == 0:
            os.kill(os.getpid(), signal.SIGKILL)


def _doom(engine: Engine, death: Death) -> None:
    event.listen(engine, "commit", death.come_nearer)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "before_cursor_execute", death.come_nearer)
        return

    # Rows are copied and sent past SQLAlchemy, so its own events do not see every statement.
    class Cursor(psycopg.Cursor[Any]):
        def execute(self, *args: Any, **options: Any) -> Any:
            death.come_nearer()
            return super().execute(*args, **options)

        def executemany(self, *args: Any, **options: Any) -> None:
            death.come_nearer()
            super().executemany(*args, **options)

        def copy(self, *args: Any, **options: Any) -> Any:
            death.come_nearer()
            return super().copy(*args, **options)

    def count_statements(connection: psycopg.Connection[Any], _record: object) -> None:
        connection.cursor_factory = Cursor

    event.listen(engine, "connect", count_statements)
