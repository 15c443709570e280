"""Restores as the rest of the hub uses them: begin to wait, and let kiosks go one by one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db.reading import Asked
from hub.restores import queries
from hub.restores.models import AwaitedKiosk
from hub.restores.rules import Journal

JOB = "job:restores"
REVOKED = "the kiosk was revoked"


@dataclass(slots=True)
class Waiting:
    """Part of a booking's working set: whether what spends has to wait for kiosks to replay."""

    is_waiting: bool = False


def begin(session: Session, restore: UUID, now: datetime, newest_at: datetime | None) -> None:
    """Note that this database was restored, and wait for its kiosks. `newest_at` is when its newest fact came."""
    queries.begin(session, restore, now, newest_at)


def ask_waiting(session: Session) -> Asked[bool]:
    """Whether any kiosk is awaited, asked together with other things."""
    return queries.ask_waiting(session)


def is_waiting_for_replay(session: Session) -> bool:
    """Tell whether this database was restored and kiosks have not told yet what they know."""
    return queries.ask_waiting(session).answer()


def settle(session: Session, now: datetime) -> int:
    """Let go of every awaited kiosk that has replayed, or was revoked; how many those are."""
    rows = list(queries.told(session))
    booked = queries.booked(session, {row.kiosk for row in rows})
    settled = 0
    for row in rows:
        is_active = row.state == "active"
        if is_active and not journal_of(row.kiosk, row.birth, booked).is_replayed(row.restore):
            continue
        found = session.get_one(AwaitedKiosk, (row.restore, row.kiosk))
        found.state, found.settled_at, found.settled_by = ("replayed" if is_active else "released"), now, JOB
        found.reason = "" if is_active else REVOKED
        settled += 1
    return settled


def journal_of(kiosk: str, birth: dict[str, Any] | None, booked: Mapping[tuple[str, str], int]) -> Journal:
    """What is known of a kiosk's journal, from its birth and from what is booked of it."""
    said = birth or {}
    return Journal(said.get("head_seq"), said.get("hub_epoch"), booked.get((kiosk, said.get("epoch", ""))))


def release(awaited: AwaitedKiosk, now: datetime, *, by: str, reason: str) -> None:
    """Wait for a kiosk no more, because a person says so."""
    awaited.state, awaited.settled_at, awaited.settled_by, awaited.reason = "released", now, by, reason
