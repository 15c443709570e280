"""How somebody is let in the first time: with a token, they choose how to log in."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.audit.service import Act, audit
from hub.people import service
from hub.problems import ProblemError
from hub.sessions import factors, passkeys, totp
from hub.sessions.factors import MAKE, Judge
from hub.staff.models import Invitation, Person
from hub.staff.permissions import Role
from hub.staff.roles import rights_of
from protocol.errors import ErrorCode

CHAIN_NAME = "membertap"
PASSKEY_NAME = "1"
"""What the passkey of an invitation is called until its owner calls it something."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How somebody wants to log in. `password_hash` is what is stored of the password."""

    login: str | None = field(repr=False)
    name: str | None = field(repr=False)
    language: str | None
    password_hash: str | None = field(repr=False)
    code: str | None = field(repr=False)
    passkey: Mapping[str, Any] | None


def look(session: Session, judge: Judge, token: str, now: datetime) -> dict[str, Any]:
    """What an invitation is for, and what can be set up with it.

    Raises:
        ProblemError: it does not count.
    """
    found = _counting(session, token, now)
    person = None if found.person is None else session.get_one(Person, found.person)
    login = person.login if person else ""
    secret = judge.safe.unwrap_secret(found.totp_secret, service.place_of(found.id))
    role = person.role if person else Role.ADMIN.value
    rights = rights_of(session, role)
    owner = found.person or found.id
    options = None
    if judge.site is not None:
        made = judge.challenge(MAKE, owner.bytes, now)
        options = passkeys.options_to_make(judge.site, made, owner, login=login or role, known=[])
    return {
        "login": login,
        "name": person.name if person else "",
        "needs_second_factor": judge.wants_second(None if rights is None else rights.permissions),
        "secret": totp.text_of(secret),
        "address": totp.address_of(secret, login or role, judge.site.name if judge.site else CHAIN_NAME),
        "passkey": options,
    }


def telling(session: Session, token: str, now: datetime) -> tuple[str, str]:
    """Login and name of whom an invitation is for; empty where they are to be chosen.

    Raises:
        ProblemError: it does not count.
    """
    found = _counting(session, token, now)
    person = None if found.person is None else session.get_one(Person, found.person)
    return (person.login, person.name) if person else ("", "")


def accept(session: Session, judge: Judge, token: str, choice: Choice, *, now: datetime) -> tuple[Person, list[str]]:
    """Set how somebody logs in; returns the person and the recovery codes, which are shown this once.

    Raises:
        ProblemError: the invitation does not count, or what was chosen is not enough.
    """
    found = _counting(session, token, now)
    person = _first_admin(session, found, choice, now) if found.person is None else _invited(session, found)
    person.language = choice.language or person.language
    person.password_hash, person.state = choice.password_hash, "active"
    if choice.code is not None:
        _set_codes(judge, found, person, choice.code, now=now)
    if choice.passkey is not None and not judge.add_passkey(
        session, person, PASSKEY_NAME, answer=choice.passkey, now=now
    ):
        raise ProblemError(ErrorCode.PASSKEY_INVALID)
    rights = rights_of(session, person.role)
    has_factor = choice.code is not None or choice.passkey is not None
    if not has_factor and judge.wants_second(None if rights is None else rights.permissions):
        raise ProblemError(ErrorCode.SECOND_FACTOR_MISSING)
    found.used_at = now
    codes = judge.renew_recovery_codes(session, person) if has_factor else []
    told = {"codes": choice.code is not None, "passkey": choice.passkey is not None}
    act = Act(f"staff:{person.id}", "staff.invitation_accepted", str(person.id), {}, told)
    audit(session, act, now, judge.random)
    return person, codes


def _counting(session: Session, token: str, now: datetime) -> Invitation:
    found = service.invitation(session, token, now)
    if found is None or (found.person is None and service.is_anybody_here(session)):
        raise ProblemError(ErrorCode.INVITATION_INVALID)
    return found


def _first_admin(session: Session, found: Invitation, choice: Choice, now: datetime) -> Person:
    if choice.login is None or choice.name is None:
        fields = [{"field": f"body.{name}", "problem": "missing"} for name in ("login", "name")]
        raise ProblemError(ErrorCode.REQUEST_INVALID, fields=fields)
    person = service.new_person(found.id, choice.login, choice.name, role=Role.ADMIN, state="invited", now=now)
    session.add(person)
    session.flush()
    return person


def _invited(session: Session, found: Invitation) -> Person:
    query = select(Person).where(Person.id == found.person, Person.state == "invited").with_for_update()
    person = session.execute(query).scalar_one_or_none()
    if person is None:
        raise ProblemError(ErrorCode.INVITATION_INVALID)
    return person


def _set_codes(judge: Judge, found: Invitation, person: Person, code: str, *, now: datetime) -> None:
    secret = judge.safe.unwrap_secret(found.totp_secret, service.place_of(found.id))
    step = totp.step_of(secret, code, now, None)
    if step is None:
        raise ProblemError(ErrorCode.SECOND_FACTOR_WRONG)
    person.totp_secret, person.totp_step = judge.safe.wrap_secret(secret, factors.place_of(person)), step
