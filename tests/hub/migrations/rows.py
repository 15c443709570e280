"""Rows of a whole database as a file, so that they outlive the models that wrote them."""

import json
from collections.abc import Callable, Collection
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb
from sqlalchemy import JSON, Connection, MetaData, Table, inspect, select

from hub.db.session import Database

FOLDER = Path(__file__).parent / "kept"

Tables = dict[str, list[dict[str, Any]]]
"""Rows by table; tables that others refer to come first."""


def path_of(revision: str) -> Path:
    """Where the rows of a revision stand."""
    return FOLDER / f"{revision}.json"


def dump(database: Database, metadata: MetaData) -> Tables:
    """Every row of every table of these models, as far as the database has them: an older one has not all."""
    found = inspect(database.engine)
    existing = {name: {column["name"] for column in found.get_columns(name)} for name in found.get_table_names()}
    with database.engine.connect() as connection:
        return {
            table.name: _rows(connection, table, existing[table.name])
            for table in metadata.sorted_tables
            if table.name in existing
        }


def _rows(connection: Connection, table: Table, existing: Collection[str]) -> list[dict[str, Any]]:
    columns = [column for column in table.columns if column.name in existing]
    return [
        {
            column.name: {"json": value} if isinstance(column.type, JSON) else _tagged(value)
            for column, value in zip(columns, row, strict=True)
        }
        for row in connection.execute(select(*columns).order_by(*table.primary_key.columns))
    ]


def save(tables: Tables, path: Path) -> None:
    """Write rows, one on a line, so that a change can be read."""
    blocks = []
    for name, rows in tables.items():
        lines = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows)
        blocks.append(f"{json.dumps(name)}: [\n{lines}\n]")
    path.write_text("{\n" + ",\n".join(blocks) + "\n}\n", encoding="utf-8")


def load(revision: str) -> Tables:
    """The rows that are kept for a revision."""
    tables: Tables = json.loads(path_of(revision).read_text(encoding="utf-8"))
    return tables


def insert(database: Database, tables: Tables) -> None:
    """Write rows as they stand, without asking any model."""
    plain = _for_sqlite if database.is_sqlite else _for_postgresql
    with database.write() as session:
        for name, rows in tables.items():
            for row in rows:
                _insert(session.connection(), name, row, plain)


def _insert(connection: Connection, table: str, row: dict[str, Any], plain: Callable[[Any], Any]) -> None:
    mark = "?" if connection.dialect.name == "sqlite" else "%s"
    marks = ", ".join([mark] * len(row))
    statement = f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})"  # noqa: S608 - names from our own file
    connection.exec_driver_sql(statement, tuple(plain(value) for value in row.values()))


def _tagged(value: Any) -> Any:
    match value:
        case UUID():
            return {"uuid": value.hex}
        case bytes():
            return {"bytes": value.hex()}
        case datetime():
            return {"at": value.isoformat()}
        case date():
            return {"on": value.isoformat()}
        case _:
            return value


def _for_sqlite(value: Any) -> Any:
    match value:
        case {"uuid": text}:
            return text
        case {"bytes": text}:
            return bytes.fromhex(text)
        case {"at": text}:
            return datetime.fromisoformat(text).astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f")
        case {"on": text}:
            return text
        case {"json": document}:
            return json.dumps(document, ensure_ascii=False)
        case _:
            return value


def _for_postgresql(value: Any) -> Any:
    match value:
        case {"uuid": text}:
            return UUID(text)
        case {"bytes": text}:
            return bytes.fromhex(text)
        case {"at": text}:
            return datetime.fromisoformat(text)
        case {"on": text}:
            return date.fromisoformat(text)
        case {"json": document}:
            return Jsonb(document)
        case _:
            return value
