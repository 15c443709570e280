"""The people API: who works here, what they may do where, and roles of one's own.

A caller who holds for some stores sees and changes only people whose whole reach lies within them.
"""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.pages import ThePage, whole
from hub.people import composing, invitations, service
from hub.people.administration import Administration
from hub.people.invitations import Choice
from hub.people.schemas import (
    AcceptedOut,
    AcceptIn,
    InvitedOut,
    NewRoleIn,
    OpenedOut,
    PersonChange,
    PersonIn,
    PersonOut,
    PersonReasonIn,
    RoleIn,
    RoleOut,
    TokenIn,
)
from hub.problems import ProblemError
from hub.requests import Asked, asked, once
from hub.schemas import PageOf
from hub.sessions import factors, passwords
from hub.sessions import service as sessions
from hub.sessions.breached import refusal_of
from hub.sessions.rules import PASSWORD_MAX_CHARS, PASSWORD_MIN_CHARS
from hub.sessions.schemas import StaffSessionOut
from hub.staff.models import OwnRole, Person
from hub.staff.permissions import ROLES
from hub.staff.service import Principal
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1", tags=["people"])


@router.get("/people", response_model=PageOf[PersonOut])
def people(hub: TheHub, page: ThePage, principal: ThePrincipal) -> dict[str, Any]:
    """Who works here. Pages may be short: whom you may not see is left out."""
    with hub.database.read() as session:
        desk = Administration(session, principal)
        answer = page.of(
            session, select(Person), (Person.id,), shown=lambda one: desk.shown(one) if desk.sees(one) else {}
        )
    return answer | {"items": [item for item in answer["items"] if item]}


@router.post("/people", status_code=201, response_model=InvitedOut)
def add(body: PersonIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Have somebody work here; pass the invitation on to them."""
    now = hub.clock()
    request = asked(hub, request_id, principal.actor, kind="staff.added", content=body.model_dump_json())

    def act(desk: Administration) -> str:
        desk.insist_on_place(body.stores, body.regions)
        desk.insist_on_free(request_id, body.login, body.email)
        person = service.new_person(request_id, body.login, body.name, role=body.role, state="invited", now=now)
        person.language, person.email, person.stores = body.language, body.email, sorted(set(body.stores))
        desk.session.add(person)
        desk.session.flush()
        service.set_regions(desk.session, person.id, body.regions)
        desk.insist_on_reach(person)
        written = Act(principal.actor, "staff.added", str(person.id), {}, desk.rights(person), principal.address)
        audit(desk.session, written, now, hub.random_bytes)
        return _invite(desk.session, hub, person.id)

    return _invited(hub, request, request_id, principal, act=act)


@router.get("/people/{person}", response_model=PersonOut)
def show(person: UUID, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Show somebody who works here."""
    with hub.database.read() as session:
        desk = Administration(session, principal)
        return desk.shown(desk.visible(person))


@router.patch("/people/{person}", response_model=PersonOut)
def change(person: UUID, body: PersonChange, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Change who somebody is or what they may do where. It counts at once; with another role they log in again."""

    def act(desk: Administration, found: Person) -> None:
        found.name, found.language = body.name or found.name, body.language or found.language
        if "email" in body.model_fields_set:
            found.email = body.email
        if body.stores is not None or body.regions is not None:
            desk.insist_on_place(body.stores or [], body.regions or [])
            found.stores = sorted(set(body.stores or []))
            service.set_regions(desk.session, found.id, body.regions or [])
        if body.role is not None and body.role != found.role:
            found.role = body.role
            sessions.end_all(desk.session, found.id, hub.clock())
        desk.insist_on_free(found.id, found.login, found.email)
        desk.insist_on_reach(found)

    def work(session: Session) -> dict[str, Any]:
        desk = Administration(session, principal)
        return desk.shown(_changed(hub, desk, person, ("staff.changed", body.reason), act=act))

    return hub.database.run(work)


@router.post("/people/{person}/disable", response_model=PersonOut)
def disable(
    person: UUID, body: PersonReasonIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Lock somebody out: all their sessions end at once."""

    def act(desk: Administration, found: Person) -> None:
        service.disable(desk.session, found, hub.clock())

    return _once_changed(hub, principal, person, ("staff.disabled", body.reason, request_id), act=act)


@router.post("/people/{person}/enable", response_model=PersonOut)
def enable(
    person: UUID, body: PersonReasonIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Let somebody in again who was locked out."""

    def act(desk: Administration, found: Person) -> None:
        if found.state != "disabled":
            raise ProblemError(ErrorCode.PERSON_STATE)
        found.state = "active" if service.has_way_in(desk.session, found) else "invited"

    return _once_changed(hub, principal, person, ("staff.enabled", body.reason, request_id), act=act)


@router.post("/people/{person}/invite", response_model=InvitedOut)
def invite(
    person: UUID, body: PersonReasonIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Have somebody begin anew who lost a password or a second factor: all of it is gone, and all sessions end."""
    content = f"{person} {body.reason}"
    request = asked(hub, request_id, principal.actor, kind="staff.invited", content=content)

    def begin_anew(desk: Administration, found: Person) -> None:
        if found.state == "disabled":
            raise ProblemError(ErrorCode.PERSON_STATE)
        factors.drop(desk.session, found)
        found.password_hash = found.issuer = found.subject = None
        found.state = "invited"
        sessions.end_all(desk.session, found.id, hub.clock())

    def act(desk: Administration) -> str:
        _changed(hub, desk, person, ("staff.invited", body.reason), act=begin_anew)
        return _invite(desk.session, hub, person)

    return _invited(hub, request, person, principal, act=act)


@router.get("/people/{person}/sessions", response_model=PageOf[StaffSessionOut])
def show_sessions(person: UUID, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Where somebody is logged in, the newest first."""
    columns = ("id", "method", "source", "made_at", "seen_at", "ends_at")
    with hub.database.read() as session:
        Administration(session, principal).visible(person)
        found = sessions.open_sessions(session, person, hub.clock())
        return whole({name: getattr(row, name) for name in columns} for row in found)


@router.delete("/people/{person}/sessions", status_code=204, response_class=Response)
def end_sessions(person: UUID, hub: TheHub, principal: ThePrincipal) -> Response:
    """Log somebody out everywhere."""
    return _end(hub, principal, person, None)


@router.delete("/people/{person}/sessions/{one}", status_code=204, response_class=Response)
def end_session(person: UUID, one: UUID, hub: TheHub, principal: ThePrincipal) -> Response:
    """Log somebody out in one place."""
    return _end(hub, principal, person, one)


@router.get("/roles", response_model=PageOf[RoleOut])
def roles(hub: TheHub) -> dict[str, Any]:
    """Every role: the built-in ones, then one's own."""
    with hub.database.read() as session:
        own = session.execute(select(OwnRole).order_by(OwnRole.id)).scalars().all()
    return whole([*map(composing.shown_built_in, ROLES), *map(composing.shown, own)])


@router.post("/roles", status_code=201, response_model=RoleOut)
def make_role(body: NewRoleIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Compose a role of one's own. Nobody puts into it what they may not do themselves."""
    now = hub.clock()
    _insist_on_permissions(principal, body)
    request = asked(hub, request_id, principal.actor, kind="role.made", content=body.model_dump_json())

    def act(session: Session) -> dict[str, Any]:
        if body.id in ROLES or session.get(OwnRole, body.id) is not None:
            raise ProblemError(ErrorCode.ROLE_KNOWN)
        role = OwnRole(id=body.id, names=body.names, permissions=[], limits_as="", made_at=now)
        session.add(role)
        composing.compose(role, body.permissions, body.limits_as)
        session.flush()
        audit(
            session,
            Act(principal.actor, "role.made", role.id, {}, composing.shown(role), principal.address),
            now,
            hub.random_bytes,
        )
        return composing.shown(role)

    return hub.database.run(lambda session: once(session, request, lambda: act(session)))


@router.put("/roles/{role}", response_model=RoleOut)
def change_role(role: str, body: RoleIn, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Compose a role anew; it counts at once for everybody who has it."""
    now = hub.clock()
    _insist_on_permissions(principal, body)

    def work(session: Session) -> dict[str, Any]:
        found = Administration(session, principal).own_role(role)
        before = composing.shown(found)
        found.names = dict(body.names)
        composing.compose(found, body.permissions, body.limits_as)
        audit(
            session,
            Act(principal.actor, "role.changed", role, before, composing.shown(found), principal.address),
            now,
            hub.random_bytes,
        )
        return composing.shown(found)

    return hub.database.run(work)


@router.delete("/roles/{role}", status_code=204, response_class=Response)
def withdraw_role(role: str, hub: TheHub, principal: ThePrincipal) -> Response:
    """Withdraw a role that nobody has any more."""
    now = hub.clock()

    def work(session: Session) -> None:
        found = Administration(session, principal).own_role(role)
        held = service.holders(session, found)
        if held:
            raise ProblemError(ErrorCode.ROLE_IN_USE, people=held)
        session.delete(found)
        audit(
            session,
            Act(principal.actor, "role.withdrawn", role, composing.shown(found), {}, principal.address),
            now,
            hub.random_bytes,
        )

    hub.database.run(work)
    return Response(status_code=204)


@router.post("/invitations/open", response_model=OpenedOut)
def open_invitation(body: TokenIn, hub: TheHub) -> dict[str, Any]:
    """See what an invitation is for, and get what is needed to set up codes or a passkey."""
    now = hub.clock()
    return hub.database.run(lambda session: invitations.look(session, hub.log_ins.judge, body.token, now))


@router.post("/invitations/accept", response_model=AcceptedOut)
def accept_invitation(body: AcceptIn, hub: TheHub) -> dict[str, Any]:
    """Choose how to log in. The recovery codes are shown this once."""
    now, judge = hub.clock(), hub.log_ins.judge
    if body.password is None and body.passkey is None:
        raise ProblemError(ErrorCode.REQUEST_INVALID, fields=[{"field": "body.password", "problem": "missing"}])
    known = hub.database.run(lambda session: invitations.telling(session, body.token, now))
    stored = None
    if body.password is not None:
        refusal = refusal_of(body.password, (*known, body.login or "", body.name or ""), hub.breached)
        if refusal is not None:
            raise ProblemError(refusal, min=PASSWORD_MIN_CHARS, max=PASSWORD_MAX_CHARS)
        stored = passwords.hashed(body.password, hub.random_bytes)
    passkey = body.passkey.model_dump(exclude_none=True) if body.passkey else None
    choice = Choice(body.login, body.name, body.language, stored, body.code, passkey)

    def work(session: Session) -> dict[str, Any]:
        person, codes = invitations.accept(session, judge, body.token, choice, now=now)
        return {"person": person.id, "login": person.login, "recovery_codes": codes}

    return hub.database.run(work)


def _invite(session: Session, hub: Hub, person: UUID) -> str:
    hours, random = service.INVITATION_LASTS_H, hub.random_bytes
    return service.invite(session, hub.vault, person, hours=hours, now=hub.clock(), random=random)


def _invited(
    hub: Hub, request: Asked, person: UUID, principal: Principal, *, act: Callable[[Administration], str]
) -> dict[str, Any]:
    """Do once what gives a person an invitation. The token is not kept, so it is told the first time only."""
    token: list[str] = []

    def work(session: Session) -> dict[str, Any]:
        desk = Administration(session, principal)
        token.clear()

        def first() -> dict[str, Any]:
            token.append(act(desk))
            return {"id": str(person)}

        once(session, request, first)
        return desk.shown(desk.visible(person)) | {"invitation": token[0] if token else None}

    return hub.database.run(work)


def _changed(
    hub: Hub,
    desk: Administration,
    person: UUID,
    what: tuple[str, str],
    *,
    act: Callable[[Administration, Person], None],
) -> Person:
    """Change a person, so that an admin remains, and write it down; `what` is the act's name and its reason."""
    found = desk.changeable(person)
    before, is_lone_admin = desk.rights(found), desk.is_lone_admin(found)
    act(desk, found)
    desk.session.flush()
    if is_lone_admin:
        desk.insist_on_admin(found)
    action, reason = what
    after, source = desk.rights(found), desk.principal.address
    written = Act(desk.principal.actor, action, str(person), before, after, source, reason)
    audit(desk.session, written, hub.clock(), hub.random_bytes)
    return found


def _once_changed(
    hub: Hub,
    principal: Principal,
    person: UUID,
    what: tuple[str, str, UUID],
    *,
    act: Callable[[Administration, Person], None],
) -> dict[str, Any]:
    action, reason, request_id = what
    request = asked(hub, request_id, principal.actor, kind=action, content=f"{person} {reason}")

    def work(session: Session) -> dict[str, Any]:
        desk = Administration(session, principal)

        def first() -> dict[str, Any]:
            _changed(hub, desk, person, (action, reason), act=act)
            return {"id": str(person)}

        once(session, request, first)
        return desk.shown(desk.visible(person))

    return hub.database.run(work)


def _end(hub: Hub, principal: Principal, person: UUID, one: UUID | None) -> Response:
    now = hub.clock()

    def work(session: Session) -> None:
        Administration(session, principal).visible(person)
        known = {row.id for row in sessions.open_sessions(session, person, now)}
        if one is not None and one not in known:
            raise ProblemError(ErrorCode.SESSION_UNKNOWN)
        if one is None:
            sessions.end_all(session, person, now)
        else:
            sessions.end(session, one, now)
        ended = {"sessions": sorted(str(row) for row in known if one in {None, row})}
        audit(
            session,
            Act(principal.actor, "staff.sessions_ended", str(person), {}, ended, principal.address),
            now,
            hub.random_bytes,
        )

    hub.database.run(work)
    return Response(status_code=204)


def _insist_on_permissions(principal: Principal, body: RoleIn) -> None:
    if (
        principal.stores is not None
        or not {permission.value for permission in body.permissions} <= principal.permissions
    ):
        raise ProblemError(ErrorCode.PERMISSION_DENIED)
