"""How somebody logs in: by password and a second factor, or by a passkey alone.

An unknown login, a wrong password and somebody who may not log in are told the same, and take as long.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.audit.service import Act, audit
from hub.clock import Clock
from hub.db.session import Database
from hub.problems import ProblemError
from hub.sessions import passwords, throttle, tickets
from hub.sessions.factors import Factors, Judge, Proof, factors_of, passkey_of
from hub.sessions.outside import Identity
from hub.sessions.service import LASTS_MAX_H, Opened, Visitor, confirm, leave, open_session
from hub.sessions.throttle import Watched
from hub.staff.models import Person
from hub.staff.roles import rights_of
from hub.staff.service import LogIn
from protocol.errors import ErrorCode

TICKET_MAX_MIN = 5
SECOND_STEP = "log_in"
ID_BYTES = 16
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Halfway:
    """A password was right; the ticket goes with the second factor."""

    ticket: str = field(repr=False)
    factors: Factors


Answer = TypeVar("Answer", bound=Opened | Halfway)


@dataclass(frozen=True, slots=True)
class LogIns:
    """Logs people in."""

    database: Database
    judge: Judge
    clock: Clock

    def by_password(self, login: str, password: str, visitor: Visitor) -> Opened | Halfway:
        """The first step, or the only one where no second factor is needed."""
        now, safe = self.clock(), self.judge.safe
        watched = {**throttle.by_login(safe, login), **throttle.by_source(safe, visitor.source)}
        self.take_turn(watched, now)
        with self.database.read() as session:
            found = session.execute(select(Person).where(Person.login == login.casefold())).scalar_one_or_none()
        stored = found.password_hash if found is not None and found.state == "active" else None
        # Hashing takes long on purpose, so no transaction is open meanwhile.
        if not passwords.is_right(password, stored) or found is None:
            self._fail(found.id if found else None, "password", visitor, now)
            raise ProblemError(ErrorCode.LOG_IN_FAILED)
        renewed = passwords.hashed(password, self.judge.random) if passwords.is_weak(stored or "") else None

        def work(session: Session) -> Opened | Halfway | ErrorCode:
            person = _locked(session, found.id)
            if person is None or person.password_hash != stored:
                return ErrorCode.LOG_IN_FAILED
            person.password_hash = renewed or stored
            throttle.clear(session, watched)
            factors = factors_of(session, person)
            if factors:
                return Halfway(self._ticket(person, now), factors)
            rights = rights_of(session, person.role)
            if self.judge.wants_second(None if rights is None else rights.permissions):
                return ErrorCode.SECOND_FACTOR_MISSING
            return self.open(session, person, "password", visitor, now=now)

        return _settled(self.database.run(work))

    def by_second_factor(self, ticket: str, proof: Proof, visitor: Visitor) -> Opened:
        """The second step."""
        now = self.clock()
        content = tickets.read(self.judge.safe, SECOND_STEP, tickets.bytes_of(ticket), now)
        if content is None:
            raise ProblemError(ErrorCode.LOG_IN_LAPSED)
        whose = UUID(bytes=content[:ID_BYTES])
        watched = self._watched(whose, visitor)
        self.take_turn(watched, now)

        def work(session: Session) -> Opened | ErrorCode:
            person = _locked(session, whose)
            if person is None or content[ID_BYTES:] != _mark(person):
                return ErrorCode.LOG_IN_LAPSED
            if not self.judge.accepts(session, person, proof, now):
                return ErrorCode.SECOND_FACTOR_WRONG
            throttle.clear(session, watched)
            return self.open(session, person, f"password+{proof.method}", visitor, now=now)

        answer = self.database.run(work)
        if answer is ErrorCode.SECOND_FACTOR_WRONG:
            self._fail(whose, proof.method, visitor, now)
        return _settled(answer)

    def by_passkey(self, answer: Mapping[str, Any], visitor: Visitor) -> Opened:
        """A passkey alone: it is something one has, and it has asked who holds it."""
        now = self.clock()
        watched = throttle.by_source(self.judge.safe, visitor.source)
        self.take_turn(watched, now)

        def work(session: Session) -> Opened | ErrorCode:
            known = passkey_of(session, answer)
            person = None if known is None else _locked(session, known.person)
            if known is None or person is None or not self.judge.is_used(session, known, answer, now):
                return ErrorCode.LOG_IN_FAILED
            throttle.clear(session, watched)
            return self.open(session, person, "passkey", visitor, now=now)

        opened = self.database.run(work)
        if opened is ErrorCode.LOG_IN_FAILED:
            self._fail(None, "passkey", visitor, now)
        return _settled(opened)

    def by_identity(self, identity: Identity, visitor: Visitor) -> Opened:
        """Somebody whom the provider of headquarters has confirmed; the provider asks for the second factor there.

        The first time a verified e-mail address that an admin has entered links the person. From then on the address
        may change, and the person has no password here.
        """
        now = self.clock()

        def work(session: Session) -> Opened | ErrorCode:
            person = _linked(session, identity)
            if person is None:
                return ErrorCode.OUTSIDE_UNLINKED
            if person.subject is None:
                person.issuer, person.subject, person.password_hash = identity.issuer, identity.subject, None
                person.state = "active"
                act = Act(f"staff:{person.id}", "staff.linked", str(person.id), {}, {"issuer": identity.issuer})
                audit(session, act, now, self.judge.random)
            throttle.clear(session, throttle.by_source(self.judge.safe, visitor.source))
            return self.open(session, person, "outside", visitor, now=now)

        return _settled(self.database.run(work))

    def confirm(self, log_in: LogIn, password: str | None, proof: Proof | None, visitor: Visitor) -> str:
        """Have somebody who is logged in prove anew who they are; their session has this new token from then on.

        It takes what a log-in takes, because afterwards they may change how they log in (OWASP ASVS 5.0, 7.5.1): the
        password, with a code where there are second factors, or a passkey. A code alone is not enough.

        Raises:
            ProblemError: what they gave is wrong, or not all of it.
        """
        now, watched = self.clock(), self._watched(log_in.person, visitor)
        self.take_turn(watched, now)
        with self.database.read() as session:
            stored = session.get_one(Person, log_in.person).password_hash
        is_known = password is not None and passwords.is_right(password, stored)

        def work(session: Session) -> str | None:
            locked = session.get_one(Person, log_in.person, with_for_update=True)
            is_by_passkey = proof is not None and proof.passkey is not None
            if not is_by_passkey and not (is_known and locked.password_hash == stored):
                return None
            if not (self.judge.accepts(session, locked, proof, now) if proof else not factors_of(session, locked)):
                return None
            throttle.clear(session, watched)
            method = "+".join([*(["password"] if is_known else []), *([proof.method] if proof else [])])
            told = {"method": method, "session": str(log_in.id)}
            act = Act(f"staff:{locked.id}", "staff.confirmed", str(locked.id), {}, told, visitor.source)
            fresh = confirm(session, log_in.id, now, self.judge.random)
            audit(session, act, now, self.judge.random)
            return fresh

        token = self.database.run(work)
        if token is None:
            self._fail(log_in.person, "confirm", visitor, now)
            raise ProblemError(ErrorCode.SECOND_FACTOR_WRONG)
        return token

    def prove_password(self, whose: UUID, password: str | None, visitor: Visitor) -> str | None:
        """Have somebody who is logged in give their password; returns what is stored of it, None where they have none.

        Raises:
            ProblemError: it is wrong or missing, or comes too soon after others that were wrong.
        """
        with self.database.read() as session:
            stored = session.get_one(Person, whose).password_hash
        if stored is None:
            return None
        now, watched = self.clock(), self._watched(whose, visitor)
        if password is None:
            raise ProblemError(ErrorCode.PASSWORD_WRONG)
        self.take_turn(watched, now)
        if not passwords.is_right(password, stored):
            self._fail(whose, "password_change", visitor, now)
            raise ProblemError(ErrorCode.PASSWORD_WRONG)
        self.database.run(lambda session: throttle.clear(session, watched))
        return stored

    def open(self, session: Session, person: Person, method: str, visitor: Visitor, *, now: datetime) -> Opened:
        """Open the session of somebody who has proved who they are, and end the one that their browser still has.

        Both are written down.
        """
        random = self.judge.random
        opened = open_session(session, person, method, source=visitor.source, now=now, random=random, hours=LASTS_MAX_H)
        told = {"method": method, "device": visitor.device, "session": str(opened.session)}
        actor = f"staff:{person.id}"
        left = leave(session, visitor.carries, now)
        if left is not None:
            ended = {"sessions": [str(left.id)]}
            audit(session, Act(actor, "staff.sessions_ended", str(left.person), {}, ended, visitor.source), now, random)
        audit(session, Act(actor, "staff.logged_in", str(person.id), {}, told, visitor.source), now, random)
        return opened

    def take_turn(self, watched: Watched, now: datetime) -> None:
        """Count a try.

        Raises:
            ProblemError: it comes too soon after others that failed.
        """
        wait_s = self.database.run(lambda session: throttle.take(session, watched, now))
        if wait_s:
            raise ProblemError(ErrorCode.LOG_IN_TOO_SOON, wait_s=wait_s)

    def _watched(self, whose: UUID, visitor: Visitor) -> Watched:
        safe = self.judge.safe
        return {**throttle.by_person(safe, whose), **throttle.by_source(safe, visitor.source)}

    def _ticket(self, person: Person, now: datetime) -> str:
        ends_at = now + timedelta(minutes=TICKET_MAX_MIN)
        content = person.id.bytes + _mark(person)
        judge = self.judge
        return tickets.text_of(tickets.issue(judge.safe, SECOND_STEP, content, ends_at=ends_at, random=judge.random))

    def _fail(self, person: UUID | None, method: str, visitor: Visitor, now: datetime) -> None:
        # Never what was typed: people type their password where the login belongs.
        subject = UNKNOWN if person is None else str(person)
        told = {"method": method, "device": visitor.device}
        act = Act(f"staff:{subject}", "staff.login_failed", subject, {}, told, visitor.source)
        self.database.run(lambda session: audit(session, act, now, self.judge.random))


def _locked(session: Session, person: UUID) -> Person | None:
    found = session.get(Person, person, with_for_update=True)
    return found if found is not None and found.state == "active" else None


def _linked(session: Session, identity: Identity) -> Person | None:
    named = Person.issuer == identity.issuer, Person.subject == identity.subject
    found = session.execute(select(Person).where(*named).with_for_update()).scalar_one_or_none()
    if found is None and identity.email is not None:
        entered = Person.email == identity.email.casefold(), Person.subject.is_(None)
        found = session.execute(select(Person).where(*entered).with_for_update()).scalar_one_or_none()
        return found if found is not None and found.state in {"invited", "active"} else None
    return found if found is not None and found.state == "active" else None


def _mark(person: Person) -> bytes:
    """Changes with the password, so that a ticket from before counts no more."""
    return hashlib.sha256((person.password_hash or "").encode()).digest()[:8]


def _settled(answer: Answer | ErrorCode) -> Answer:
    if isinstance(answer, ErrorCode):
        raise ProblemError(answer)
    return answer
