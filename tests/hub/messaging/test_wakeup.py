import multiprocessing
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from hub.db.session import Database, wake
from hub.ledger.models import Counter
from hub.messaging.wakeup import Watcher

WAIT_S = 30.0
"""Long enough for any machine: a test that waits this long has failed."""


@dataclass(slots=True)
class Bell:
    """Counts how often it was rung, and lets a test wait for the next time."""

    rung: int = 0
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def ring(self) -> None:
        with self._changed:
            self.rung += 1
            self._changed.notify_all()

    def wait_for(self, count: int) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: self.rung >= count, WAIT_S)


def leave_something(url: str, number: int) -> None:
    """What another process of the hub does when it has something for the kiosks."""
    with closing(Database(url)) as database, database.write() as session:
        session.add(Counter(id=UUID(int=number), remaining=1))
        wake(session)


def change_one_s_mind(session: Session) -> None:
    session.add(Counter(id=UUID(int=1), remaining=1))
    wake(session)
    session.flush()
    raise ZeroDivisionError


def url_of(database: Database) -> str:
    return database.url.render_as_string(hide_password=False)


@contextmanager
def watching(database: Database, wake_up: Callable[[], None]) -> Iterator[Watcher]:
    watcher = Watcher(database, wake_up)
    watcher.start()
    yield watcher
    watcher.stop()


def test_it_wakes_once_at_the_start_for_what_was_left_before(database: Database) -> None:
    bell = Bell()

    with watching(database, bell.ring):
        assert bell.wait_for(1)


def test_a_commit_over_another_connection_wakes(database: Database) -> None:
    bell = Bell()
    with watching(database, bell.ring):
        assert bell.wait_for(1)

        leave_something(url_of(database), 1)

        assert bell.wait_for(2)


def test_a_commit_in_another_process_wakes_every_time(database: Database) -> None:
    bell, spawn = Bell(), multiprocessing.get_context("spawn")
    with watching(database, bell.ring):
        assert bell.wait_for(1)

        for number in (1, 2):
            process = spawn.Process(target=leave_something, args=(url_of(database), number))
            process.start()
            process.join(WAIT_S)
            assert process.exitcode == 0
            assert bell.wait_for(number + 1)


def test_what_is_rolled_back_wakes_nobody(database: Database) -> None:
    bell = Bell()
    with watching(database, bell.ring):
        assert bell.wait_for(1)

        with pytest.raises(ZeroDivisionError):
            database.run(change_one_s_mind)
        leave_something(url_of(database), 2)

        # The commit after it is the next thing heard of; nothing came in between.
        assert bell.wait_for(2)
    assert bell.rung == 2


def test_a_wake_that_fails_does_not_end_the_watch(database: Database) -> None:
    bell, failures = Bell(), iter([True])

    def wake_up() -> None:
        bell.ring()
        if next(failures, False):
            raise RuntimeError("not ready yet")

    with watching(database, wake_up):
        assert bell.wait_for(1)

        # It starts anew, and a new start wakes at once.
        assert bell.wait_for(2)
        leave_something(url_of(database), 1)
        assert bell.wait_for(3)


def test_it_ends_when_told_to(database: Database) -> None:
    bell = Bell()
    with watching(database, bell.ring) as watcher:
        assert bell.wait_for(1)

    assert not watcher._thread.is_alive()
