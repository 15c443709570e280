"""Slows down who guesses: failures are counted in the database, so that every process of the API knows them.

A try is counted before it is judged and taken back when it succeeds; otherwise a hundred tries at once would all count
as the first.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.sessions.rules import FORGOTTEN_AFTER_H, PATIENCE_LOGIN, PATIENCE_SOURCE, Failures, Patience
from hub.sessions.tickets import Safe
from hub.staff.models import FailedAttempts

Watched = Mapping[bytes, Patience]
"""Whose tries are counted, by a keyed hash: what people type as their login may be their password."""


def by_login(safe: Safe, login: str) -> Watched:
    """Tries with one login, whether there is such a login or not."""
    return {safe.digest_of("attempts.login", login.casefold()): PATIENCE_LOGIN}


def by_person(safe: Safe, person: object) -> Watched:
    """Tries of somebody whose password was right to prove it in a second way."""
    return {safe.digest_of("attempts.person", str(person)): PATIENCE_LOGIN}


def by_source(safe: Safe, source: str) -> Watched:
    """Tries from one address."""
    return {safe.digest_of("attempts.source", source): PATIENCE_SOURCE}


def take(session: Session, watched: Watched, now: datetime) -> int:
    """Count a try; or, where it comes too soon, tell how many seconds to wait, and count nothing."""
    query = select(FailedAttempts).where(FailedAttempts.whose.in_(watched))
    rows = {row.whose: row for row in session.execute(query.order_by(FailedAttempts.whose).with_for_update()).scalars()}
    waits = [Failures(row.failures, row.last_at).wait_s(watched[whose], now) for whose, row in rows.items()]
    if any(waits):
        return max(waits)
    for whose in sorted(watched):
        row = rows.get(whose)
        if row is None:
            session.add(FailedAttempts(whose=whose, failures=1, last_at=now))
            continue
        is_old = now - row.last_at >= timedelta(hours=FORGOTTEN_AFTER_H)
        row.failures, row.last_at = 1 if is_old else row.failures + 1, now
    return 0


def clear(session: Session, watched: Watched) -> None:
    """A try succeeded: what was counted against a login or a person is gone, against an address only this try."""
    query = select(FailedAttempts).where(FailedAttempts.whose.in_(watched)).order_by(FailedAttempts.whose)
    for row in session.execute(query.with_for_update()).scalars():
        if watched[row.whose] is PATIENCE_SOURCE and row.failures > 1:
            row.failures -= 1
        else:
            session.delete(row)


def forget(session: Session, now: datetime) -> None:
    """Remove what counts no more."""
    session.execute(delete(FailedAttempts).where(FailedAttempts.last_at < now - timedelta(hours=FORGOTTEN_AFTER_H)))
