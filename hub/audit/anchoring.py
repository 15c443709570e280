"""Writing the head of the audit log out of the database's reach, and looking whether the log still fits."""

from datetime import datetime
from pathlib import Path

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.audit import heads
from hub.audit.models import AuditEntry
from hub.audit.rules import Head, in_force
from hub.audit.service import head_of
from hub.db.session import Database

log = structlog.get_logger()


def anchor(database: Database, path: Path, now: datetime) -> None:
    """Add the log's head to the file. What no longer fits the heads before it is logged as an error."""
    with database.read() as session:
        head, wrong = head_of(session), _misfits(session, path)
    for number in wrong:
        log.error("the audit log was changed", number=number)
    heads.append(path, head, now)


def anchor_restored(database: Database, path: Path, now: datetime) -> None:
    """Say in the file that the log goes on from here, because an older database was put back."""
    with database.read() as session:
        head = head_of(session)
    heads.append(path, Head(head.number, head.hash, restored=True), now)


def _misfits(session: Session, path: Path) -> list[int]:
    """The last anchored entry, where it is gone or has another hash than it was anchored with."""
    anchored = in_force(heads.read(path))
    if not anchored:
        return []
    number = max(anchored)
    found = session.execute(select(AuditEntry.hash).where(AuditEntry.number == number)).scalar_one_or_none()
    return [] if found is not None and found.hex() == anchored[number] else [number]
