"""Kills the simulated hub at a statement: nothing of its transaction is left, as when its process dies there."""

from collections.abc import Callable
from contextlib import suppress
from sqlite3 import Connection, Error

from sqlalchemy import Engine, event


class HubDiedError(BaseException):
    """The hub's process is gone in the middle of something. No handler of errors may see it, as none sees SIGKILL."""


class Watch:
    """Counts statements and commits of one engine. With `left` above 0 the hub dies at that statement or commit."""

    def __init__(self, engine: Engine, on_commit: Callable[[], None]) -> None:
        self.left = 0
        self._engine = engine
        self._on_commit = on_commit
        self._opened: list[Connection] = []
        event.listen(engine, "connect", self._open)
        event.listen(engine, "before_cursor_execute", self._statement)
        event.listen(engine, "commit", self._commit)

    def close(self) -> None:
        """Watch no more."""
        event.remove(self._engine, "connect", self._open)
        event.remove(self._engine, "before_cursor_execute", self._statement)
        event.remove(self._engine, "commit", self._commit)

    def sever(self) -> None:
        """End what every connection was in the middle of, as the end of their process does."""
        for connection in self._opened:
            with suppress(Error):
                connection.rollback()
            with suppress(Error):
                connection.close()
        self._opened.clear()

    def _open(self, connection: Connection, _record: object) -> None:
        self._opened.append(connection)

    def _statement(self, *_statement: object) -> None:
        self._come_nearer()

    def _commit(self, _connection: object) -> None:
        self._come_nearer()
        self._on_commit()

    def _come_nearer(self) -> None:
        if self.left > 0:
            self.left -= 1
            if self.left == 0:
                raise HubDiedError
