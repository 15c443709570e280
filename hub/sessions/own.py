"""Where somebody is logged in, as they see it themselves: their open sessions, shown and ended."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.problems import ProblemError
from hub.sessions import service
from hub.staff.models import Person
from hub.staff.service import LogIn
from protocol.errors import ErrorCode

COLUMNS = ("id", "method", "source", "made_at", "seen_at", "ends_at")


def shown(session: Session, log_in: LogIn, now: datetime) -> Iterator[dict[str, Any]]:
    """Open sessions of whoever asks, the newest first, and which of them asks."""
    for row in service.open_sessions(session, log_in.person, now):
        yield {name: getattr(row, name) for name in COLUMNS} | {"is_present": row.id == log_in.id}


def end(session: Session, log_in: LogIn, one: UUID | None, now: datetime) -> list[str]:
    """End one of them, or all but the one that asks; tells which ended.

    Raises:
        ProblemError: this one is not open, or somebody else's.
    """
    # Who logs in waits for this row, so no session opens unseen meanwhile.
    session.get_one(Person, log_in.person, with_for_update=True)
    known = {row.id for row in service.open_sessions(session, log_in.person, now)}
    if one is not None and one not in known:
        raise ProblemError(ErrorCode.SESSION_UNKNOWN)
    chosen = sorted(known - {log_in.id} if one is None else {one})
    for each in chosen:
        service.end(session, each, now)
    return [str(each) for each in chosen]
