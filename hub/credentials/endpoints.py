"""What people change about how they log in themselves: their password, passkeys, codes and recovery codes."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.access import TheHub, TheLogIn, ThePrincipal, TheVisitor
from hub.audit.service import Act, audit
from hub.credentials.schemas import CodesBegunOut, CodesIn, PasskeyIn, PasswordIn, RecoveryCodesOut
from hub.problems import ProblemError
from hub.sessions import answers, passkeys, passwords, service, tickets, totp
from hub.sessions.breached import refusal_of
from hub.sessions.factors import MAKE, PASSKEYS_MAX, factors_of
from hub.sessions.rules import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS
from hub.sessions.schemas import ChallengeOut, PasskeyOut
from hub.staff.models import Passkey, Person
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1", tags=["sessions"])


@router.put("/session/password", status_code=204, response_class=Response)
def change_password(
    body: PasswordIn, hub: TheHub, principal: ThePrincipal, log_in: TheLogIn, *, visitor: TheVisitor
) -> Response:
    """Choose another password; all your other sessions end. Whoever has one gives it as `current`."""
    now = hub.clock()
    with hub.database.read() as session:
        person = session.get_one(Person, log_in.person)
        if person.issuer is not None:
            raise ProblemError(ErrorCode.PERSON_STATE)
        refusal = refusal_of(body.password, (person.login, person.name), hub.breached)
        if refusal is not None:
            raise ProblemError(refusal, min=PASSWORD_MIN_CHARS, max=PASSWORD_MAX_CHARS)
    proved = hub.log_ins.prove_password(log_in.person, body.current, visitor)
    chosen = passwords.hashed(body.password, hub.random_bytes)

    def work(session: Session) -> None:
        locked = session.get_one(Person, log_in.person, with_for_update=True)
        if locked.password_hash != proved:
            raise ProblemError(ErrorCode.PASSWORD_WRONG)
        locked.password_hash = chosen
        service.end_all(session, log_in.person, now, but=log_in.id)
        audit(
            session,
            Act(principal.actor, "staff.password_set", str(log_in.person), {}, {}, principal.address),
            now,
            hub.random_bytes,
        )

    hub.database.run(work)
    return Response(status_code=204)


@router.post("/session/passkey-challenges", status_code=201, response_model=ChallengeOut)
def challenge_new(hub: TheHub, log_in: TheLogIn) -> dict[str, Any]:
    """What a browser needs to make a passkey."""
    with hub.database.read() as session:
        person = session.get_one(Person, log_in.person)
        known = [tickets.bytes_of(text) for text in factors_of(session, person).passkeys]
    judge = hub.log_ins.judge
    site, made = passkeys.insist(judge.site), judge.challenge(MAKE, person.id.bytes, hub.clock())
    return {"options": passkeys.options_to_make(site, made, person.id, login=person.login, known=known)}


@router.post("/session/passkeys", status_code=201, response_model=PasskeyOut)
def add_passkey(body: PasskeyIn, hub: TheHub, principal: ThePrincipal, log_in: TheLogIn) -> dict[str, Any]:
    """Add a passkey that your browser has just made."""
    now, answer = hub.clock(), body.passkey.model_dump(exclude_none=True)

    def work(session: Session) -> dict[str, Any]:
        person = session.get_one(Person, log_in.person, with_for_update=True)
        count = select(func.count()).select_from(Passkey).where(Passkey.person == person.id)
        is_full = session.execute(count).scalar_one() >= PASSKEYS_MAX
        added = None if is_full else hub.log_ins.judge.add_passkey(session, person, body.name, answer=answer, now=now)
        if added is None:
            raise ProblemError(ErrorCode.PASSKEY_INVALID)
        act = Act(
            principal.actor, "staff.passkey_added", str(person.id), {}, {"passkey": str(added.id)}, principal.address
        )
        audit(session, act, now, hub.random_bytes)
        return answers.of_passkey(added)

    return hub.database.run(work)


@router.delete("/session/passkeys/{passkey}", status_code=204, response_class=Response)
def remove_passkey(passkey: UUID, hub: TheHub, principal: ThePrincipal, log_in: TheLogIn) -> Response:
    """Remove one of your passkeys."""
    now = hub.clock()

    def work(session: Session) -> None:
        found = session.get(Passkey, passkey)
        if found is None or found.person != log_in.person:
            raise ProblemError(ErrorCode.PASSKEY_UNKNOWN)
        session.delete(found)
        act = Act(
            principal.actor,
            "staff.passkey_removed",
            str(log_in.person),
            {"passkey": str(passkey)},
            {},
            principal.address,
        )
        audit(session, act, now, hub.random_bytes)

    hub.database.run(work)
    return Response(status_code=204)


@router.post("/session/codes", status_code=201, response_model=CodesBegunOut)
def begin_codes(hub: TheHub, log_in: TheLogIn) -> dict[str, Any]:
    """Draw a secret for one-time codes. They count once a code has shown that it has arrived."""
    with hub.database.read() as session:
        person = session.get_one(Person, log_in.person)
        if person.issuer is not None:
            raise ProblemError(ErrorCode.PERSON_STATE)
        secret, ticket = hub.log_ins.judge.begin_codes(person, hub.clock())
        site = hub.log_ins.judge.site
        address = totp.address_of(secret, person.login, site.name if site else "membertap")
    return {"secret": totp.text_of(secret), "address": address, "ticket": tickets.text_of(ticket)}


@router.put("/session/codes", status_code=204, response_class=Response)
def set_codes(body: CodesIn, hub: TheHub, principal: ThePrincipal, log_in: TheLogIn) -> Response:
    """Log in with codes by the new secret from now on; those by an earlier one count no more."""
    now, ticket = hub.clock(), tickets.bytes_of(body.ticket)

    def work(session: Session) -> None:
        person = session.get_one(Person, log_in.person, with_for_update=True)
        had = person.totp_secret is not None
        if not hub.log_ins.judge.set_codes(session, person, ticket, code=body.code, now=now):
            raise ProblemError(ErrorCode.SECOND_FACTOR_WRONG)
        act = Act(principal.actor, "staff.codes_set", str(person.id), {"codes": had}, {}, principal.address)
        audit(session, act, now, hub.random_bytes)

    hub.database.run(work)
    return Response(status_code=204)


@router.post("/session/recovery-codes", status_code=201, response_model=RecoveryCodesOut)
def renew_recovery_codes(hub: TheHub, principal: ThePrincipal, log_in: TheLogIn) -> dict[str, Any]:
    """Draw new recovery codes; the ones before count no more."""
    now = hub.clock()

    def work(session: Session) -> list[str]:
        person = session.get_one(Person, log_in.person, with_for_update=True)
        act = Act(principal.actor, "staff.recovery_codes_renewed", str(person.id), {}, {}, principal.address)
        audit(session, act, now, hub.random_bytes)
        return hub.log_ins.judge.renew_recovery_codes(session, person)

    return {"recovery_codes": hub.database.run(work)}
