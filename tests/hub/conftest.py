"""A hub for each test: real SQLite and real PostgreSQL, copied from a migrated database, with a clock that is set."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from hub import migrations
from hub.db.session import Database
from tests.conftest import POSTGRESQL, TEMPLATE_DATABASE
from tests.hub.world import World
from tests.services.postgresql import Server

_numbers = count()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, templates: Path) -> Iterator[Database]:
    """An empty, migrated database of each kind."""
    maker = _sqlite if request.param == "sqlite" else _postgresql
    yield from maker(tmp_path, templates)


@pytest.fixture
def sqlite(tmp_path: Path, templates: Path) -> Iterator[Database]:
    """An empty, migrated SQLite database, for tests that are about something else."""
    yield from _sqlite(tmp_path, templates)


@pytest.fixture
def world(database: Database) -> World:
    """A hub with a small chain in it, on each kind of database."""
    return World.found(database)


@pytest.fixture
def small_world(sqlite: Database) -> World:
    """A hub with a small chain in it, on SQLite."""
    return World.found(sqlite)


def _sqlite(folder: Path, templates: Path) -> Iterator[Database]:
    template = templates / "hub.db"
    with _once(templates):
        if not template.exists():
            migrations.upgrade(f"sqlite:///{templates / 'draft.db'}")
            (templates / "draft.db").rename(template)
    shutil.copy(template, folder / "hub.db")
    opened = Database(f"sqlite:///{folder / 'hub.db'}")
    yield opened
    opened.close()


def _postgresql(folder: Path, templates: Path) -> Iterator[Database]:
    server = Server(folder, int(os.environ[POSTGRESQL]))
    name = f"hub_{os.getpid()}_{next(_numbers)}"
    with _once(templates):
        if not _has(server, TEMPLATE_DATABASE):
            _sql(server, f"CREATE DATABASE {TEMPLATE_DATABASE}")
            migrations.upgrade(server.url(TEMPLATE_DATABASE))
        # Copying needs the template to itself, so it is done in turn.
        _sql(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE_DATABASE}")
    opened = Database(server.url(name))
    yield opened
    opened.close()
    _sql(server, f"DROP DATABASE {name} WITH (FORCE)")


class _once:  # noqa: N801 - reads as a statement
    """One test process at a time."""

    def __init__(self, templates: Path) -> None:
        self._path = templates / "turn"

    def __enter__(self) -> None:
        self._fd = os.open(self._path, os.O_RDWR | os.O_CREAT)
        fcntl.flock(self._fd, fcntl.LOCK_EX)

    def __exit__(self, *_error: object) -> None:
        os.close(self._fd)


def _has(server: Server, name: str) -> bool:
    with psycopg.connect(_admin(server), autocommit=True) as connection:
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return connection.execute(query, (name,)).fetchone() is not None


def _sql(server: Server, statement: str) -> None:
    with psycopg.connect(_admin(server), autocommit=True) as connection:
        connection.execute(statement.encode())


def _admin(server: Server) -> str:
    return server.url("postgres").replace("+psycopg", "")
