"""Rounds of lending: who came, got points, or has not been looked at for long is judged, and what follows is booked.

Nobody is looked at who never came with a card that redeems, and everybody else once a day at least: `lendings` says
when, so a round reads no more members than it judges.
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows, update_rows
from hub.db.reading import among
from hub.db.session import Database
from hub.intake import Item, Outcome
from hub.leases import round_queries as queries
from hub.leases.judging import TERM, judge
from hub.leases.models import Lending

PIECE_MAX_MEMBERS = 25
"""Members judged and booked together: making verifiers takes a few milliseconds a card, and nobody else books then."""

ROUND_MAX_MEMBERS = 300

OVERLAP = timedelta(minutes=2)
"""What was booked so long before a round is looked for again, because it may only have been committed since."""

AGAIN_S = 60
"""After how long something is tried again that could not be lent."""


class Rounds:
    """Looks for whom something is to be lent ahead, or called back."""

    def __init__(self, database: Database, book: Callable[[Sequence[Item]], list[Outcome]]) -> None:
        self._database = database
        self._book = book
        self._since: datetime | None = None

    def run(self, now: datetime) -> int:
        """Judge whoever is due, up to a maximum; how many that were."""
        with self._database.read() as session:
            term = queries.term_version(session, TERM)
            if term == 0:
                return 0
            since = self._since or now - timedelta(days=1)
            came = [(row.member, row.at, row.visited_at is None) for row in queries.visited(session, since)]
            members = queries.credited(session, since)
        if came:
            self._database.run(lambda session: _notice(session, came, now))
        self._since = now - OVERLAP
        with self._database.read() as session:
            members += queries.due(session, now, term, ROUND_MAX_MEMBERS)
        chosen = list(dict.fromkeys(members))[:ROUND_MAX_MEMBERS]
        for start in range(0, len(chosen), PIECE_MAX_MEMBERS):
            self._work_off(chosen[start : start + PIECE_MAX_MEMBERS], term, now)
        return len(chosen)

    def _work_off(self, members: Sequence[UUID], term: int, now: datetime) -> None:
        with self._database.snapshot() as session:
            judged = judge(session, members, now)
        items = [item for one in judged for item in one.items]
        outcomes = dict(zip((item.id for item in items), self._book(items), strict=True)) if items else {}
        failed = {one.member for one in judged if any(not outcomes[item.id].is_applied for item in one.items)}
        again = now + timedelta(seconds=AGAIN_S)
        rows = [
            (one.member, min(one.plan.look_at, again) if one.member in failed else one.plan.look_at, one.version, term)
            for one in judged
            if not one.is_over
        ]
        gone = [one.member for one in judged if one.is_over]
        self._database.run(lambda session: _note(session, rows, gone))


def _notice(session: Session, came: Sequence[tuple[UUID, datetime, bool]], now: datetime) -> None:
    new = [(member, now, at, 0, 0) for member, at, is_new in came if is_new]
    insert_rows(session, Lending, ("member", "due_at", "visited_at", "version", "term"), new)
    known = [(member, now, at) for member, at, is_new in came if not is_new]
    update_rows(session, Lending, ("member",), ("due_at", "visited_at"), rows=known)


def _note(session: Session, rows: Sequence[tuple[object, ...]], gone: Sequence[UUID]) -> None:
    update_rows(session, Lending, ("member",), ("due_at", "version", "term"), rows=rows)
    if gone:
        session.execute(delete(Lending).where(among(session, Lending.member, gone)))
