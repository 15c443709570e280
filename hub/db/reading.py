"""Reading by many keys at once, the same call on both databases: one parameter, however many the keys are.

What bookings ask again and again is `Prepared`: built once, and sent by PostgreSQL's driver itself. Within `pipelined`
a question is only sent, so whoever asks several before taking the first answer waits once for all of them.
"""

from collections.abc import Callable, Collection, Iterable
from functools import partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from psycopg.rows import namedtuple_row
from sqlalchemy import BindParameter, ColumnElement, CompoundSelect, Dialect, Select, any_, bindparam
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.types import UserDefinedType

from hub.db.driver import database_errors, driver_of

Rows = Iterable[Any]
"""What a query of several columns gives: named tuples."""


def among(session: Session, column: InstrumentedAttribute[Any], values: Collection[Any]) -> ColumnElement[bool]:
    """Condition: the column is one of these values. One parameter where the database has arrays."""
    dialect = session.get_bind().dialect
    if dialect.name == "sqlite":
        return column.in_(values)
    return column == any_(bindparam(None, values, type_=_Array(column.type.compile(dialect))))


Among = Callable[[InstrumentedAttribute[Any], str], ColumnElement[bool]]
"""Makes the condition that a column is one of the values that a query is given under a name."""


Query = Select[*tuple[Any, ...]] | CompoundSelect[*tuple[Any, ...]]
"""What can be asked: one selection, or several put together."""


Answer = TypeVar("Answer")
Made = TypeVar("Made")


class Asked(Generic[Answer]):
    """A question that the database has been sent. Its answer can be taken once."""

    def __init__(self, take: Callable[[], Answer]) -> None:
        self._take = take

    def answer(self) -> Answer:
        """Wait for the answer."""
        with database_errors():
            return self._take()

    def then(self, make: Callable[[Answer], Made]) -> "Asked[Made]":
        """What is made of the answer, once it is there."""
        return Asked(lambda: make(self._take()))


NOTHING: Asked[Rows] = Asked(list)
"""The answer where there is nothing to ask for."""


class Prepared:
    """A query that is built once, and only given its values at each call."""

    def __init__(self, build: Callable[[Among], Query]) -> None:
        self._build = build
        self._built: Query | None = None
        self._compiled: tuple[bytes, dict[str, Any]] | None = None

    def ask(self, session: Session, **values: Collection[Any]) -> Asked[Rows]:
        """Send the query; `values` are given under the names that it was built with."""
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            if self._built is None:
                self._built = self._build(_among_expanded)
            given = {name: list(some) for name, some in values.items()}
            return Asked(connection.execute(self._built, given).all)
        if self._compiled is None:
            self._compiled = self._compile(connection.dialect)
        statement, constants = self._compiled
        arrays = {name: _array_literal(some) for name, some in values.items()}
        cursor = driver_of(connection).cursor(row_factory=namedtuple_row)
        with database_errors():
            cursor.execute(statement, constants | arrays)
        return Asked(cursor.fetchall)

    def rows(self, session: Session, **values: Collection[Any]) -> Rows:
        """What the query finds."""
        return self.ask(session, **values).answer()

    def _compile(self, dialect: Dialect) -> tuple[bytes, dict[str, Any]]:
        compiled = self._build(partial(_among_array, dialect)).compile(dialect=dialect)
        constants = {name: value for name, value in compiled.params.items() if value is not None}
        return str(compiled).encode(), constants


def _among_expanded(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    return column.in_(bindparam(name, expanding=True))


def _among_array(dialect: Dialect, column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    array: BindParameter[Any] = bindparam(name, type_=_Array(column.type.compile(dialect)))
    return column == any_(array)


class _Array(UserDefinedType[Collection[Any]]):
    """An array parameter, written as PostgreSQL's array literal: psycopg's own arrays cost ten times as much."""

    cache_ok = True
    render_bind_cast = True

    def __init__(self, element: str) -> None:
        self.element = element

    def get_col_spec(self, **_kw: Any) -> str:
        """Name of the type, as it stands in the statement."""
        return f"{self.element}[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Collection[Any] | None], str]:  # noqa: ARG002
        """Write a collection as the literal."""
        return lambda values: _array_literal(values or ())


def _array_literal(values: Collection[Any]) -> str:
    return "{" + ",".join([_array_element(value) for value in values]) + "}"


def _array_element(value: Any) -> str:
    if isinstance(value, UUID):
        return value.hex
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
