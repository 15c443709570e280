"""PostgreSQL's driver itself, under SQLAlchemy: for what bookings do so often that every layer above it counts."""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from struct import Struct
from typing import Any
from uuid import UUID

import psycopg
from psycopg.abc import Buffer
from psycopg.adapt import Dumper
from psycopg.pq import Format
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session


def driver_of(connection: Connection) -> psycopg.Connection[Any]:
    """The driver's connection that a connection of SQLAlchemy stands on."""
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection), "the session holds a connection of our own driver"
    return driver


@contextmanager
def database_errors() -> Iterator[None]:
    """Have errors of the driver look as if they had come through SQLAlchemy."""
    try:
        yield
    except psycopg.Error as error:
        raise DBAPIError.instance(None, None, error, psycopg.Error, hide_parameters=True) from error


class Ids:
    """Ids as one parameter: an array in its binary form (PostgreSQL, array_recv)."""

    __slots__ = ("written",)

    def __init__(self, values: Collection[UUID]) -> None:
        header = _HEADER(1, 0, _UUID.oid, len(values), 1)
        self.written = header + b"".join([b"\0\0\0\x10" + value.int.to_bytes(16, "big") for value in values])


_HEADER = Struct("!iiIii").pack
"""How many dimensions, whether there are NULLs, the type of the elements, how many, the number of the first."""

_UUID = psycopg.adapters.types["uuid"]


class _IdsDumper(Dumper):
    format = Format.BINARY
    oid = _UUID.array_oid

    def dump(self, obj: Ids) -> Buffer:
        return obj.written


psycopg.adapters.register_dumper(Ids, _IdsDumper)

_PIPELINED = "pipelined"


@contextmanager
def pipelined(session: Session) -> Iterator[None]:
    """Have PostgreSQL sent the statements of this block without waiting for each.

    What it refuses raises at the end of the block at the latest. Nothing is copied in here, so this is for few rows.
    On SQLite the block is just a block.
    """
    connection = session.connection()
    if connection.dialect.name == "sqlite":
        yield
        return
    session.info[_PIPELINED] = True
    try:
        with database_errors(), driver_of(connection).pipeline():
            yield
    finally:
        del session.info[_PIPELINED]


def is_pipelined(session: Session) -> bool:
    """Tell whether statements are sent without waiting for their answers."""
    return _PIPELINED in session.info
