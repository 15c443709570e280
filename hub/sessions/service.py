"""Sessions of people: opened, confirmed and ended."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from hub.intake import RandomBytes
from hub.sessions import tickets
from hub.staff.models import Person, StaffSession
from hub.staff.service import IDLE_MAX_MIN, hash_of
from protocol.ids import event_id

TOKEN_BYTES = 32
PREFIX = "ms"
"""Lets people and scanners of leaked secrets tell a session's token from a key."""

LASTS_MAX_H = 12
BREAK_GLASS_LASTS_H = 1

KEPT_DAYS = 90
"""How long it is kept who was logged in when; the audit log keeps it longer."""


@dataclass(frozen=True, slots=True)
class Visitor:
    """Where a request comes from: the network address, and a digest of what the browser calls itself.

    `carries` is the hash of the token that it still has from a log-in before; of no token at all where it has none.
    """

    source: str
    device: str
    carries: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Opened:
    """A session that was just opened; the token is told this once."""

    session: UUID
    person: UUID
    token: str = field(repr=False)
    ends_at: datetime


def open_session(
    session: Session, person: Person, method: str, *, source: str, now: datetime, random: RandomBytes, hours: int
) -> Opened:
    """Open a session for somebody who has proved who they are. Its token is new each time."""
    token = _token(random)
    row = StaffSession(
        id=event_id(int(now.timestamp() * 1000), random(10)),
        person=person.id,
        token_hash=hash_of(token),
        method=method,
        source=source,
        made_at=now,
        seen_at=now,
        confirmed_at=now,
        ends_at=now + timedelta(hours=hours),
        ended_at=None,
    )
    session.add(row)
    session.flush()
    return Opened(row.id, person.id, token, row.ends_at)


def open_sessions(session: Session, person: UUID, now: datetime) -> list[StaffSession]:
    """Sessions of a person that count at a moment, the newest first."""
    query = select(StaffSession).where(
        StaffSession.person == person,
        StaffSession.ended_at.is_(None),
        StaffSession.ends_at > now,
        StaffSession.seen_at > now - timedelta(minutes=IDLE_MAX_MIN),
    )
    return list(session.execute(query.order_by(StaffSession.made_at.desc(), StaffSession.id.desc())).scalars())


def end(session: Session, one: UUID, now: datetime) -> None:
    """End one session; one that has ended stays as it is."""
    open_one = StaffSession.id == one, StaffSession.ended_at.is_(None)
    session.execute(update(StaffSession).where(*open_one).values(ended_at=now))


def end_all(session: Session, person: UUID, now: datetime, *, but: UUID | None = None) -> None:
    """End all sessions of a person, but one where that is named."""
    open_ones = [StaffSession.person == person, StaffSession.ended_at.is_(None)]
    if but is not None:
        open_ones.append(StaffSession.id != but)
    session.execute(update(StaffSession).where(*open_ones).values(ended_at=now))


def leave(session: Session, carried: bytes, now: datetime) -> StaffSession | None:
    """End the session whose token has this hash; None where there is none that nobody has ended yet."""
    query = select(StaffSession).where(StaffSession.token_hash == carried, StaffSession.ended_at.is_(None))
    found = session.execute(query.with_for_update()).scalar_one_or_none()
    if found is not None:
        found.ended_at = now
    return found


def confirm(session: Session, one: UUID, now: datetime, random: RandomBytes) -> str:
    """Write down that the person of a session proved to be there. From now on it has the token that this returns."""
    token = _token(random)
    proved = {"confirmed_at": now, "token_hash": hash_of(token)}
    session.execute(update(StaffSession).where(StaffSession.id == one).values(proved))
    return token


def forget(session: Session, now: datetime) -> None:
    """Remove sessions that ended long ago."""
    session.execute(delete(StaffSession).where(StaffSession.ends_at < now - timedelta(days=KEPT_DAYS)))


def _token(random: RandomBytes) -> str:
    return f"{PREFIX}_{tickets.text_of(random(TOKEN_BYTES))}"
