"""Destroys what has been kept for long enough, piece by piece, and leaves a proof of each piece."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.booking.models import Fact
from hub.cards.models import Visit
from hub.db.reading import among
from hub.db.session import Database
from hub.intake import RandomBytes
from hub.ledger.models import Account, Transfer
from hub.members.models import Consent, Member
from hub.privacy.erasure import Eraser, Wish
from hub.privacy.models import Destruction, Erasure, PersonalExport
from hub.privacy.queries import MONEY
from hub.privacy.rules import RetentionPolicy, years_before
from hub.programme.service import in_force
from protocol.ids import event_id

POLICY = "retention"
JOB = "job:retention"
PIECE_MAX_ROWS = 500


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of data: what of it is older than a moment, some at a time, and how it is destroyed.

    `destroy` returns what it really destroyed; where that is nothing, the rest waits for the next run.
    """

    name: str
    before: datetime
    find: Callable[[Session], Sequence[UUID]]
    destroy: Callable[[Session, Sequence[UUID]], Collection[UUID]]


@dataclass(frozen=True, slots=True)
class Retention:
    """Keeps to the programme's policy; with what it needs from outside the database."""

    database: Database
    eraser: Eraser
    random: RandomBytes
    piece_max_rows: int = PIECE_MAX_ROWS

    def run(self, now: datetime) -> dict[str, int]:
        """Destroy all that is due; how much that was, by kind. Cut off anywhere it goes on the next time."""
        with self.database.read() as session:
            policy = in_force(session).policy(POLICY, RetentionPolicy)
        return {kind.name: self._destroy_all(kind, now) for kind in self._kinds(policy, now)}

    def _destroy_all(self, kind: Kind, now: datetime) -> int:
        total = 0
        while count := self.database.run(lambda session: self._destroy_some(session, kind, now)):
            total += count
        return total

    def _destroy_some(self, session: Session, kind: Kind, now: datetime) -> int:
        found = kind.find(session)
        gone = sorted(kind.destroy(session, found)) if found else []
        if gone:
            session.add(
                Destruction(
                    id=event_id(int(now.timestamp() * 1000), self.random(10)),
                    kind=kind.name,
                    before=kind.before,
                    rows=len(gone),
                    digest=digest_of(gone),
                    at=now,
                )
            )
        return len(gone)

    def _kinds(self, policy: RetentionPolicy, now: datetime) -> Iterator[Kind]:
        visited = now - timedelta(days=policy.visits_days)
        yield Kind("visits", visited, self._older(Visit.id, Visit.ends_at < visited), _deleting(Visit.id))
        unfetched = (PersonalExport.until < now) & PersonalExport.sealed.is_not(None)
        yield Kind("exports", now, self._older(PersonalExport.request, unfetched), _deleting(PersonalExport.request))
        agreed = years_before(now, policy.consents_years)
        erased = Consent.member.in_(select(Erasure.member).where(Erasure.done_at < agreed))
        yield Kind("consents", agreed, self._older(Consent.id, erased), _deleting(Consent.id))
        booked = years_before(now, policy.events_years)
        old = (Fact.received_at < booked) & Fact.raw.is_not(None)
        yield Kind("events", booked, self._older(Fact.id, old), _emptying)
        if policy.inactive_years:
            seen = years_before(now, policy.inactive_years)
            erasing = partial(self._erase, now=now)
            yield Kind("members", seen, self._older(Member.id, _is_inactive(seen)), erasing)

    def _older(self, key: InstrumentedAttribute[UUID], condition: Any) -> Callable[[Session], Sequence[UUID]]:
        query = select(key).where(condition).order_by(key).limit(self.piece_max_rows)
        return lambda session: session.execute(query).scalars().all()

    def _erase(self, session: Session, members: Sequence[UUID], *, now: datetime) -> list[UUID]:
        wish = Wish(UUID(int=0), JOB, "", "not seen for as long as the programme says")
        return [member for member in members if self.eraser.erase(session, member, wish, now) is None]


def digest_of(ids: Sequence[UUID]) -> bytes:
    """What proves which rows were destroyed to whoever still has a list of them: SHA-256 of their ids, in order."""
    return hashlib.sha256(b"".join(each.bytes for each in sorted(ids))).digest()


def _deleting(key: InstrumentedAttribute[UUID]) -> Callable[[Session, Sequence[UUID]], Collection[UUID]]:
    def destroy(session: Session, ids: Sequence[UUID]) -> Sequence[UUID]:
        session.execute(delete(key.class_).where(among(session, key, ids)))
        return ids

    return destroy


def _emptying(session: Session, ids: Sequence[UUID]) -> Sequence[UUID]:
    session.execute(update(Fact).where(among(session, Fact.id, ids)).values(raw=None))
    return ids


def _is_inactive(before: datetime) -> Any:
    """Joined before a moment, nothing moved since, and holding nothing that was paid for."""
    own = select(Account.id).where(Account.owner == Member.id)
    moved = select(Transfer.id).where(
        or_(Transfer.debit.in_(own), Transfer.credit.in_(own)), Transfer.recorded_at >= before
    )
    holding = own.where(Account.book.in_(MONEY), Account.balance > 0)
    is_known = Member.state.in_(("active", "blocked", "inactive"))
    return is_known & (Member.joined_at < before) & ~moved.exists() & ~holding.exists()
