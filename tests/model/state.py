"""All that a database holds, as plain rows: to compare two of them, to put one back, and to begin again with none."""

from typing import Any

import hub.models  # noqa: F401 - knows every table
from hub.approvals.models import ApprovalRequest
from hub.db.base import Base
from hub.db.session import Database
from hub.fleet.models import Duty

Rows = dict[str, list[tuple[Any, ...]]]
"""Rows by table, in the order of their keys."""

TABLES = [table for table in Base.metadata.sorted_tables if table.name not in {"audit", "audit_head"}]
"""Every table but the audit log and its head: from the log the database lets nobody delete."""


def dump(database: Database) -> Rows:
    """Everything that is written down."""
    with database.read() as session:
        return {
            table.name: [tuple(row) for row in session.execute(table.select().order_by(*table.primary_key))]
            for table in TABLES
        }


def unsealed(rows: Rows) -> Rows:
    """Rows without what is drawn anew each time: nonces of sealed requests, salts of verifiers."""
    return rows | {model.__tablename__: _without_body(rows, model) for model in (ApprovalRequest, Duty)}


def _without_body(rows: Rows, model: type[ApprovalRequest | Duty]) -> list[tuple[Any, ...]]:
    table = Base.metadata.tables[model.__tablename__]
    body = list(table.columns).index(table.c.body)
    return [(*row[:body], *row[body + 1 :]) for row in rows.get(model.__tablename__, [])]


def restore(database: Database, rows: Rows) -> None:
    """Have a database hold exactly this, whatever it held before."""
    with database.write() as session:
        for table in reversed(TABLES):
            session.execute(table.delete())
        for table in TABLES:
            if rows.get(table.name):
                columns = [column.name for column in table.columns]
                values = [dict(zip(columns, row, strict=True)) for row in rows[table.name]]
                session.execute(table.insert(), values)


def changes(before: Rows, after: Rows) -> dict[str, tuple[list[Any], list[Any]]]:
    """What was there before and is not now, and what is there now and was not before, by table."""
    found = {}
    for name, rows in after.items():
        gone = [row for row in before[name] if row not in rows]
        come = [row for row in rows if row not in before[name]]
        if gone or come:
            found[name] = (gone, come)
    return found
