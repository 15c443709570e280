"""Reading by many keys at once, the same call on both databases: one parameter, however many the keys are.

What bookings ask again and again is `Prepared`: built once, and sent by PostgreSQL's driver itself. Within `pipelined`
a question is only sent, so whoever asks several before taking the first answer waits once for all of them.
"""

from collections import namedtuple
from collections.abc import Callable, Collection, Iterable, Mapping
from functools import lru_cache, partial
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    CompoundSelect,
    Connection,
    Dialect,
    LargeBinary,
    Select,
    String,
    Uuid,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.types import TypeEngine, UserDefinedType

from hub.db.bulk import converted, json_text
from hub.db.driver import Ids, database_errors, driver_of

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


IDS_MAX = 65_536
"""So many ids that SQLite has given as text are remembered, because reading one costs more than finding its row."""

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
        self._postgresql: _OnPostgresql | None = None
        self._sqlite: _OnSqlite | None = None

    def ask(self, session: Session, **values: Collection[Any]) -> Asked[Rows]:
        """Send the query; `values` are given under the names that it was built with."""
        connection = session.connection()
        if connection.dialect.name == "sqlite":
            if self._sqlite is None:
                self._sqlite = _OnSqlite(self._build(_among_listed), connection.dialect)
            return self._sqlite.ask(connection, values)
        if self._postgresql is None:
            query = self._build(partial(_among_array, connection.dialect))
            self._postgresql = _OnPostgresql(query, connection.dialect)
        return self._postgresql.ask(connection, values)

    def rows(self, session: Session, **values: Collection[Any]) -> Rows:
        """What the query finds."""
        return self.ask(session, **values).answer()


class _OnPostgresql:
    """A query as PostgreSQL's driver is given it, with an array for each collection."""

    def __init__(self, query: Query, dialect: Dialect) -> None:
        compiled = _compiled(query, dialect)
        self._text = str(compiled).encode()
        self._constants = {name: value for name, value in compiled.params.items() if value is not None}
        bound = compiled.binds.items()
        self._arrays = {name: given.type.write for name, given in bound if isinstance(given.type, _Array)}
        self._named = _named(query)

    def ask(self, connection: Connection, values: Mapping[str, Collection[Any]]) -> Asked[Rows]:
        arrays = {name: self._arrays[name](some) for name, some in values.items()}
        cursor = driver_of(connection).cursor()
        with database_errors():
            cursor.execute(self._text, self._constants | arrays, binary=True)
        return Asked(lambda: list(map(self._named, cursor.fetchall())))


class _OnSqlite:
    """A query as SQLite's driver is given it, with a list in JSON for each collection."""

    def __init__(self, query: Query, dialect: Dialect) -> None:
        compiled = _compiled(query, dialect)
        self._text = str(compiled)
        self._places = [(name, _constant(compiled.binds[name], dialect)) for name in compiled.positiontup or ()]
        self._converters = [_read_from_sqlite(column.type, dialect) for column in query.selected_columns]
        self._named = _named(query)

    def ask(self, connection: Connection, values: Mapping[str, Collection[Any]]) -> Asked[Rows]:
        lists = {name: _list_text(some) for name, some in values.items()}
        given = tuple(lists.get(name, constant) for name, constant in self._places)
        rows = connection.exec_driver_sql(self._text, given).all()
        return Asked(lambda: list(map(self._named, converted(self._converters, rows))))


def _compiled(query: Query, dialect: Dialect) -> SQLCompiler:
    compiled = query.compile(dialect=dialect)
    assert isinstance(compiled, SQLCompiler), "a query is compiled to SQL"
    return compiled


def _named(query: Query) -> Callable[[Iterable[Any]], Any]:
    # Made like this a row costs a fifth of what the driver's own named tuples take.
    names = [column.key or "" for column in query.selected_columns]
    return partial(tuple.__new__, namedtuple("Row", names, rename=True))  # noqa: PYI024 - its fields are known when it runs


def _constant(bound: BindParameter[Any], dialect: Dialect) -> Any:
    write = bound.type.dialect_impl(dialect).bind_processor(dialect)
    return bound.value if write is None or bound.value is None else write(bound.value)


def _read_from_sqlite(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    if isinstance(kind, Uuid):
        return _known_id
    return kind.dialect_impl(dialect).result_processor(dialect, None)


@lru_cache(IDS_MAX)
def _known_id(text: str) -> UUID:
    return UUID(text)


def _among_listed(column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    listed = func.json_each(bindparam(name, type_=String())).table_valued("value")
    value = func.unhex(listed.c.value) if isinstance(column.type, LargeBinary) else listed.c.value
    return column.in_(select(value))


def _list_text(values: Collection[Any]) -> str:
    return json_text([_list_element(value) for value in values])


def _list_element(value: Any) -> Any:
    if isinstance(value, UUID):
        return value.hex
    return value.hex() if isinstance(value, bytes) else value


def _among_array(dialect: Dialect, column: InstrumentedAttribute[Any], name: str) -> ColumnElement[bool]:
    array: BindParameter[Any] = bindparam(name, type_=_Array(column.type.compile(dialect)))
    return column == any_(array)


class _Array(UserDefinedType[Collection[Any]]):
    """An array parameter, written by ourselves: the driver's own arrays cost ten times as much.

    Ids go in their binary form, which the server reads in a tenth of the time that it takes for text.
    """

    cache_ok = True
    render_bind_cast = True

    def __init__(self, element: str) -> None:
        self.element = element
        self.write: Callable[[Collection[Any]], Any] = Ids if element == "UUID" else _array_literal

    def get_col_spec(self, **_kw: Any) -> str:
        """Name of the type, as it stands in the statement."""
        return f"{self.element}[]"

    def bind_processor(self, dialect: Dialect) -> Callable[[Collection[Any] | None], Any]:  # noqa: ARG002
        """Write a collection as the parameter."""
        return lambda values: self.write(values or ())


def _array_literal(values: Collection[Any]) -> str:
    return "{" + ",".join([_array_element(value) for value in values]) + "}"


def _array_element(value: Any) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, bytes):
        return f'"\\\\x{value.hex()}"'
    return '"' + str(value).replace("\\", "\\\\").replace('"', '\\"') + '"'
