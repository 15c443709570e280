"""Transactions. This is the only file that commits: whoever changes something does it inside `Database.write`."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from sqlite3 import Connection as SqliteConnection
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError
from sqlalchemy.orm import Session

from hub.db.bulk import json_text
from hub.db.turnstile import Turnstile

Result = TypeVar("Result")

ATTEMPTS_MAX = 6
"""How often a transaction that lost a race is tried: deadlock, serialisation failure, or an id taken meanwhile."""

BUSY_TIMEOUT_MS = 30_000
SQLITE_CACHE_KIB = 65_536
"""How much of the database a connection keeps in memory. SQLite's own 2 MB are less than the upper pages of the indexes
of 100,000 members."""

SQLITE_LOG_PAGES = 16_000
"""So many pages (4 KiB each) SQLite lets its log grow to before it copies them into the database. At its own 1,000 that
came after nearly every batch, and a third of all that was written were pages which the next batch wrote again."""

POOL_MAX_CONNECTIONS = 16
RANDOM_PAGE_COST = 1.1
"""What PostgreSQL reckons a page costs that it reads out of order. Its default, 4, is that of a turning disk, and made
an update of two accounts by their ids scan a table of 40,000 (2.5 ms instead of 0.1)."""

RETRYABLE_SQLSTATES = frozenset({"40001", "40P01"})
"""PostgreSQL's serialization_failure and deadlock_detected (Appendix A of its manual)."""


class RaceLostError(Exception):
    """What this transaction has read is not so any more. Retryable: `Database.run` does it again by itself."""


class Database:
    """One database, by URL: `sqlite:///FILE` or `postgresql+psycopg://...`."""

    def __init__(self, url: str) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._sqlite_engine() if self.is_sqlite else self._postgresql_engine()
        # What every session carries along for those below who have to know it, and only need a session otherwise.
        self.info: dict[str, Any] = {}
        self._turn: Callable[[], AbstractContextManager[None]] = nullcontext
        if self.is_sqlite:
            self._turn = Turnstile(Path(self.url.database or "")).turn

    def _sqlite_engine(self) -> Engine:
        if not self.url.database or self.url.database == ":memory:":
            raise ValueError("the hub keeps its books in a file: give sqlite:///PATH")
        engine = create_engine(
            self.url,
            connect_args={"timeout": BUSY_TIMEOUT_MS / 1000},
            json_serializer=json_text,
            hide_parameters=True,
        )
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
        return engine

    def _postgresql_engine(self) -> Engine:
        return create_engine(
            self.url,
            pool_size=POOL_MAX_CONNECTIONS,
            max_overflow=0,
            isolation_level="READ COMMITTED",
            connect_args={"options": f"-c timezone=UTC -c random_page_cost={RANDOM_PAGE_COST}"},
            json_serializer=json_text,
            # Errors are logged, and parameters may be a card's URL.
            hide_parameters=True,
        )

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A transaction that only reads; it sees one state of the database."""
        with Session(self.engine, autoflush=False, info=self.info) as session:
            yield session

    @contextmanager
    def snapshot(self) -> Iterator[Session]:
        """A transaction that only reads, and all of whose statements see the same state: for figures that must tie."""
        with self.read() as session:
            if not self.is_sqlite:
                session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            yield session

    @contextmanager
    def write(self) -> Iterator[Session]:
        """A transaction that commits when the block ends and leaves nothing behind when it raises."""
        with self._turn(), Session(self.engine, expire_on_commit=False, info=self.info) as session:
            session.connection(execution_options={"writing": True})
            yield session
            session.commit()

    def run(self, work: Callable[[Session], Result]) -> Result:
        """Do `work` in a writing transaction; where it lost a race, do it again from the start.

        `work` must not change anything but the session, because it may run up to ATTEMPTS_MAX times.
        """
        for attempt in range(1, ATTEMPTS_MAX + 1):
            try:
                with self.write() as session:
                    return work(session)
            except (DBAPIError, RaceLostError) as error:
                if attempt == ATTEMPTS_MAX or not lost_a_race(error):
                    raise
        raise AssertionError("the loop above returns or raises")

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


WAKE_CHANNEL = "membertap_outbox"


def wake(session: Session) -> None:
    """Have the ingest worker look for something to send as soon as this transaction commits.

    SQLite has no such call; there the worker watches the database's change counter.
    """
    connection = session.connection()
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"NOTIFY {WAKE_CHANNEL}")


def lost_a_race(error: DBAPIError | RaceLostError) -> bool:
    """Tell whether the same transaction may well succeed when it is tried again."""
    if isinstance(error, IntegrityError | RaceLostError):
        return True
    if getattr(error.orig, "sqlstate", None) in RETRYABLE_SQLSTATES:
        return True
    return isinstance(error, OperationalError) and "database is locked" in str(error.orig)


def _prepare_sqlite(connection: SqliteConnection, _record: Any) -> None:
    # The driver must not begin transactions by itself: `_begin_sqlite` says which kind it is to be.
    connection.isolation_level = None
    # Keys that are bytes come in a list of JSON; SQLite has this function itself only since 3.41.
    connection.create_function("unhex", 1, bytes.fromhex, deterministic=True)
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        f"cache_size = -{SQLITE_CACHE_KIB}",
        f"wal_autocheckpoint = {SQLITE_LOG_PAGES}",
    ):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writing = connection.get_execution_options().get("writing", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")
