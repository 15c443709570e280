"""New databases of each kind, without a single table."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path

import psycopg
import pytest

from tests.conftest import POSTGRESQL
from tests.services.postgresql import Server

_numbers = count()


KINDS = ("sqlite", "postgresql")


@pytest.fixture(params=KINDS)
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """URL of an empty database of each kind."""
    with new_database(request.param, tmp_path) as url:
        yield url


@contextmanager
def new_database(kind: str, folder: Path) -> Iterator[str]:
    """URL of an empty database of a kind, as long as it is wanted."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'hub.db'}"
        return
    server = Server(folder, int(os.environ[POSTGRESQL]))
    admin = server.url("postgres").replace("+psycopg", "")
    name = f"empty_{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(admin, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}".encode())
        yield server.url(name)
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)".encode())
