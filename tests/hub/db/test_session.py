import threading
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID

import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from hub.db.session import ATTEMPTS_MAX, SQLITE_LOG_PAGES, Database
from hub.ledger.models import Counter


def test_what_raises_leaves_nothing_behind(database: Database) -> None:
    def work(session: Session) -> None:
        session.add(Counter(id=UUID(int=1), remaining=1))
        session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        database.run(work)

    with database.read() as session:
        assert session.query(Counter).count() == 0


def test_reading_sees_one_state(database: Database) -> None:
    with database.write() as session:
        session.add(Counter(id=UUID(int=1), remaining=1))

    with database.read() as session:
        assert session.execute(select(Counter.remaining)).scalar_one() == 1


def test_work_that_lost_a_race_is_done_again(database: Database) -> None:
    attempts = []

    def work(session: Session) -> int:
        attempts.append(1)
        session.add(Counter(id=UUID(int=len(attempts) // 3), remaining=1))
        session.flush()
        return len(attempts)

    with database.write() as session:
        session.add(Counter(id=UUID(int=0), remaining=1))

    assert database.run(work) == 3


def test_a_lost_cause_is_given_up(database: Database) -> None:
    attempts = []

    def work(session: Session) -> None:
        attempts.append(1)
        session.add(Counter(id=UUID(int=1), remaining=-1))
        session.flush()

    with pytest.raises(IntegrityError):
        database.run(work)
    assert len(attempts) == ATTEMPTS_MAX


def test_many_writers_at_once_lose_nothing(database: Database) -> None:
    with database.write() as session:
        session.add(Counter(id=UUID(int=1), remaining=0))

    def work(session: Session) -> None:
        counter = session.get(Counter, UUID(int=1), with_for_update=True)
        assert counter is not None
        counter.remaining += 1

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _number: database.run(work), range(40)))

    with database.read() as session:
        assert session.execute(select(Counter.remaining)).scalar_one() == 40


def test_writers_wait_in_turn_on_sqlite(sqlite: Database) -> None:
    first_in, order = threading.Event(), []

    def hold() -> None:
        with sqlite.write() as session:
            session.execute(text("SELECT 1"))
            first_in.set()
            order.append("first")

    thread = threading.Thread(target=hold)
    thread.start()
    first_in.wait(5)
    with sqlite.write() as session:
        order.append("second")
        session.execute(update(Counter).values(remaining=1))
    thread.join()

    assert order == ["first", "second"]


def test_the_hub_keeps_no_books_in_memory() -> None:
    with pytest.raises(ValueError, match="in a file"):
        Database("sqlite://")


def test_sqlite_syncs_every_commit(sqlite: Database) -> None:
    with sqlite.read() as session:
        assert session.execute(text("PRAGMA synchronous")).scalar_one() == 2
        assert session.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert session.execute(text("PRAGMA foreign_keys")).scalar_one() == 1


def test_sqlite_copies_its_log_into_the_database_after_many_batches_only(sqlite: Database) -> None:
    with sqlite.read() as session:
        assert session.execute(text("PRAGMA wal_autocheckpoint")).scalar_one() == SQLITE_LOG_PAGES
