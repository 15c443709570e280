"""A hub for each test: real SQLite and real PostgreSQL, copied from a migrated database, with a clock that is set."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
import pytest

from hub import migrations
from hub.db.session import Database
from hub.models import Base
from tests.conftest import POSTGRESQL, TEMPLATE_DATABASE
from tests.hub.api import Api
from tests.hub.world import World
from tests.services.postgresql import Server


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path, templates: Path) -> Iterator[Database]:
    """An empty, migrated database of each kind."""
    yield from _sqlite(templates) if request.param == "sqlite" else _postgresql(tmp_path, templates)


@pytest.fixture
def sqlite(templates: Path) -> Iterator[Database]:
    """An empty, migrated SQLite database, for tests that are about something else."""
    yield from _sqlite(templates)


@pytest.fixture
def world(database: Database) -> World:
    """A hub with a small chain in it, on each kind of database."""
    return World.found(database)


@pytest.fixture
def small_world(sqlite: Database) -> World:
    """A hub with a small chain in it, on SQLite."""
    return World.found(sqlite)


@pytest.fixture
def api(small_world: World) -> Iterator[Api]:
    """The API of a small chain, being served."""
    opened = Api(small_world)
    with opened.client:
        yield opened


@pytest.fixture(scope="module")
def locked_api(templates: Path) -> Iterator[Api]:
    """The API of a small chain, served to all tests of a module: for requests that are refused."""
    with contextmanager(_sqlite)(templates, "locked") as opened, (api := Api(World.found(opened))).client:
        yield api


def _sqlite(templates: Path, name: str = "hub") -> Iterator[Database]:
    template = templates / "hub.db"
    with _once(templates):
        if not template.exists():
            migrations.upgrade(f"sqlite:///{templates / 'draft.db'}")
            (templates / "draft.db").rename(template)
    place = templates / f"{name}_{os.getpid()}.db"
    shutil.copy(template, place)
    opened = _opened(f"sqlite:///{place}")
    yield opened
    opened.close()
    for left in templates.glob(f"{place.name}*"):
        left.unlink()


def _postgresql(folder: Path, templates: Path) -> Iterator[Database]:
    server = Server(folder, int(os.environ[POSTGRESQL]))
    name = f"hub_{os.getpid()}"
    if not _is_as_new(server, name):
        _make(server, name, templates)
    opened = _opened(server.url(name))
    yield opened
    opened.close()
    _empty(server, name)


@cache
def _opened(url: str) -> Database:
    """A database whose engine is kept from test to test, with the statements that it has compiled."""
    return Database(url)


def _make(server: Server, name: str, templates: Path) -> None:
    with _once(templates):
        if not _has(server, TEMPLATE_DATABASE):
            _sql(server, f"CREATE DATABASE {TEMPLATE_DATABASE}")
            migrations.upgrade(server.url(TEMPLATE_DATABASE))
        # Copying needs the template to itself, so it is done in turn.
        _sql(server, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        _sql(server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE_DATABASE}")
        _shapes[name] = _shape(server, name)


_shapes: dict[str, tuple[object, ...]] = {}
"""What this process's database looked like when it was new: copying one for every test took a third of their time."""


def _is_as_new(server: Server, name: str) -> bool:
    return name in _shapes and _shape(server, name) == _shapes[name]


def _shape(server: Server, name: str) -> tuple[object, ...]:
    with psycopg.connect(_plain(server.url(name)), autocommit=True) as connection:
        found = connection.execute(
            "SELECT (SELECT min(version_num) FROM alembic_version), count(*), sum(relnatts), sum(reltriggers)"
            " FROM (SELECT relnatts, (SELECT count(*) FROM pg_trigger WHERE tgrelid = c.oid) AS reltriggers"
            " FROM pg_class c WHERE relnamespace = 'public'::regnamespace) AS classes"
        ).fetchone()
    assert found is not None
    return tuple(found)


def _empty(server: Server, name: str) -> None:
    """Delete all rows; a database that cannot be emptied, because a test left it locked, is made anew."""
    try:
        with psycopg.connect(_plain(server.url(name)), options="-c session_replication_role=replica") as connection:
            connection.execute("SET LOCAL lock_timeout = '5s'")
            for table in reversed(Base.metadata.sorted_tables):
                connection.execute(f"DELETE FROM {table.name}".encode())  # noqa: S608 - our own table
    except psycopg.Error:
        _shapes.pop(name, None)


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
    return _plain(server.url("postgres"))


def _plain(url: str) -> str:
    return url.replace("+psycopg", "")
