"""Notices that another process of the hub has left something to send, within a few dozen milliseconds."""

import threading
from collections.abc import Callable

import psycopg
import structlog

from hub.db.session import WAKE_CHANNEL, Database

POLL_S = 0.05
"""How often SQLite's change counter is read; a read costs a few microseconds."""

RECONNECT_S = 1.0

log = structlog.get_logger()


class Watcher:
    """A thread that calls `wake` whenever the database has changed."""

    def __init__(self, database: Database, wake: Callable[[], None]) -> None:
        self._database = database
        self._wake = wake
        self._stopping = threading.Event()
        watch = self._watch_sqlite if database.is_sqlite else self._watch_postgresql
        self._thread = threading.Thread(target=self._keep, args=(watch,), name="wakeup", daemon=True)

    def start(self) -> None:
        """Begin watching; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        self._stopping.set()
        self._thread.join()

    def _keep(self, watch: Callable[[], None]) -> None:
        while not self._stopping.is_set():
            try:
                watch()
            except Exception:
                log.exception("cannot watch the database; trying again", wait_s=RECONNECT_S)
                self._stopping.wait(RECONNECT_S)

    def _watch_sqlite(self) -> None:
        with self._database.engine.connect() as connection:
            last = None
            while not self._stopping.wait(POLL_S):
                version = connection.exec_driver_sql("PRAGMA data_version").scalar_one()
                connection.rollback()
                if version != last:
                    last = version
                    self._wake()

    def _watch_postgresql(self) -> None:
        url = self._database.url.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(url, autocommit=True) as connection:
            connection.execute(f"LISTEN {WAKE_CHANNEL}")
            self._wake()
            while not self._stopping.is_set():
                for _notice in connection.notifies(timeout=POLL_S * 10, stop_after=1):
                    self._wake()
