"""Reading the audit log: by what was done to what, and as a whole."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub.audit.models import AuditEntry
from hub.audit.service import shown
from hub.db.session import Database

EXPORT_PIECE_ENTRIES = 1_000
"""So many entries are read at a time, so that a whole log is never in memory."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which entries somebody asks for; what is None does not matter. `since` is included, `until` is not."""

    actor: str | None = None
    action: str | None = None
    subject: str | None = None
    since: datetime | None = None
    until: datetime | None = None


def entries(wanted: Wanted) -> Select[AuditEntry]:
    """The entries that somebody asks for."""
    query = select(AuditEntry)
    for column, value in (
        (AuditEntry.actor, wanted.actor),
        (AuditEntry.action, wanted.action),
        (AuditEntry.subject, wanted.subject),
    ):
        if value is not None:
            query = query.where(column == value)
    if wanted.since is not None:
        query = query.where(AuditEntry.at >= wanted.since)
    return query if wanted.until is None else query.where(AuditEntry.at < wanted.until)


def fields(entry: AuditEntry) -> dict[str, Any]:
    """An entry as it is exported: what is hashed of it, and its hash in hexadecimal."""
    columns = ("number", "id", "at", "actor", "action", "subject", "before", "after", "reason", "source", "key")
    return shown({name: getattr(entry, name) for name in columns}) | {"hash": entry.hash.hex()}


def export(database: Database) -> Iterator[str]:
    """The whole log up to now, a line of JSON for each entry, in pieces."""
    with database.read() as session:
        for piece in pieces(session, 0):
            yield "".join(f"{json.dumps(entry)}\n" for entry in piece)


def pieces(session: Session, after: int) -> Iterator[list[dict[str, Any]]]:
    """Entries as they are exported, beyond a number, some at a time."""
    while found := _after(session, after):
        yield [fields(entry) for entry in found]
        after = found[-1].number
        session.expunge_all()


def _after(session: Session, number: int) -> list[AuditEntry]:
    query = select(AuditEntry).where(AuditEntry.number > number).order_by(AuditEntry.number)
    return list(session.execute(query.limit(EXPORT_PIECE_ENTRIES)).scalars())
