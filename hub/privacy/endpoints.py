"""The API of personal data: masked unless somebody says why they need it, and all that members may demand of it."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from fastapi import APIRouter
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.approvals.service import Waiting, ask
from hub.audit.models import AuditEntry
from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.members import consent, fields, profile
from hub.members.consent import Said
from hub.members.definitions import CONSOLE, FieldDefinition, Screen, judged
from hub.members.models import Consent, Member
from hub.members.rules import PERSONAL, Fault
from hub.messaging.envelopes import fingerprint
from hub.pages import ThePage
from hub.privacy import erasure, exports, queries
from hub.privacy.models import Destruction, Erasure
from hub.privacy.schemas import (
    CertificateOut,
    ConsentIn,
    ConsentOut,
    DestructionOut,
    FieldsIn,
    PersonalExportOut,
    PersonalWaitingOut,
    ProfileOut,
    RevealIn,
    RevealOut,
    WhyIn,
)
from hub.problems import ProblemError
from hub.programme.service import in_force
from hub.requests import asked, once
from hub.schemas import PageOf
from hub.staff.service import Principal
from hub.tiers import service as tiers
from hub.webhooks import service as webhooks
from protocol.errors import ErrorCode

REVEALS_MAX_PER_HOUR = 60
"""So often one actor opens personal data within an hour; who serves customers needs far less."""

REVEALED = "member.revealed"
OWN = f"{fields.FAMILY}."
"""What the names of the chain's own fields begin with, where they stand beside personal ones."""

router = APIRouter(prefix="/v1", tags=["personal data"])


@router.get("/members/{member}/profile", response_model=ProfileOut)
def show(member: UUID, hub: TheHub, principal: ThePrincipal, screen: Screen = CONSOLE) -> dict[str, Any]:
    """Show what is known of a member, masked; of the chain's own fields those that the screen shows."""
    with hub.database.read() as session:
        _existing(session, member)
        own = _seen_by(principal, fields.definitions(in_force(session)), screen)
        return {
            "member": member,
            "values": profile.read_masked(session, hub.vault, [member], list(PERSONAL))[member],
            "fields": fields.read(session, hub.vault, [member], list(own))[member],
        }


@router.put("/members/{member}/fields", response_model=ProfileOut)
def write_fields(
    member: UUID, body: FieldsIn, hub: TheHub, principal: ThePrincipal, *, screen: Screen = CONSOLE
) -> dict[str, Any]:
    """Write values of fields that the chain has defined; those that the caller's role sees on its screen."""
    now = hub.clock()

    def work(session: Session) -> None:
        _existing(session, member)
        own = _seen_by(principal, fields.definitions(in_force(session)), screen)
        normal = judged(own, body.values)
        _refuse(normal.faults)
        fields.write(session, hub.vault, own, {member: normal.values})
        act = Act(
            principal.actor,
            "member.fields_written",
            str(member),
            {},
            {"fields": sorted(normal.values)},
            principal.address,
        )
        audit(session, act, now, hub.random_bytes)
        changed = [f"{OWN}{name}" for name in normal.values]
        webhooks.tell_changed(session, member, changed, now=now, random=hub.random_bytes)
        tiers.tell(session, member, now)

    hub.database.run(work)
    return show(member, hub, principal, screen=screen)


@router.post("/members/{member}/reveal", response_model=RevealOut)
def reveal(
    member: UUID, body: RevealIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Open fields of a member. Who opened which fields, and why, is written down first."""
    now, wanted = hub.clock(), sorted(set(body.fields))
    # By day and actor, because a request that could be repeated for ever would open them without a new reason.
    content = f"{principal.actor} {now.date()} {member} {body.model_dump_json()}"
    request = asked(hub, request_id, principal.actor, kind=REVEALED, content=content)

    def act(session: Session) -> dict[str, Any]:
        _existing(session, member)
        own = _seen_by(principal, fields.definitions(in_force(session)), body.screen)
        unknown = [name for name in wanted if name not in PERSONAL and name.removeprefix(OWN) not in own]
        _refuse([Fault(name, ErrorCode.FIELD_UNKNOWN) for name in unknown])
        _limit(session, hub, principal)
        written = Act(principal.actor, REVEALED, str(member), {}, {"fields": wanted}, principal.address, body.reason)
        audit(session, written, now, hub.random_bytes)
        return {"member": str(member)}

    def work(session: Session) -> dict[str, Any]:
        answer = once(session, request, lambda: act(session))
        return answer | {"values": _opened(session, hub, member, wanted)}

    return hub.database.run(work)


@router.get("/members/{member}/consents", response_model=PageOf[ConsentOut])
def show_consents(member: UUID, hub: TheHub, page: ThePage) -> dict[str, Any]:
    """What a member said to each purpose, newest first; the newest of a purpose is what holds."""
    query = select(Consent).where(Consent.member == member)
    with hub.database.read() as session:
        _existing(session, member)
        return page.of(session, query, (Consent.at, Consent.id), shown=_shown_consent, newest_first=True)


@router.post("/members/{member}/consents", status_code=201, response_model=ConsentOut)
def record_consent(
    member: UUID, body: ConsentIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Write down what a member says to a purpose: yes, or no, which also takes an earlier yes back."""
    content = f"{member} {body.model_dump_json()}"
    request = asked(hub, request_id, principal.actor, kind="consent.recorded", content=content)

    def act(session: Session) -> dict[str, Any]:
        if _existing(session, member).state == "erasing":
            raise ProblemError(ErrorCode.MEMBER_ERASED)
        said = Said(member=member, actor=principal.actor, **body.model_dump())
        if consent.record(session, [said], request.at, hub.random_bytes):
            raise ProblemError(ErrorCode.CONSENT_UNKNOWN)
        session.flush()
        newest = select(Consent).where(Consent.member == member).order_by(Consent.at.desc(), Consent.id.desc())
        return msgspec.to_builtins(_shown_consent(session.execute(newest.limit(1)).scalar_one()))  # type: ignore[no-any-return]

    return hub.database.run(lambda session: once(session, request, lambda: act(session)))


@router.post("/members/{member}/erasure", status_code=202, response_model=PersonalWaitingOut)
def ask_for_erasure(
    member: UUID, body: WhyIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Ask for a member to be erased. It is done once a second person has agreed."""

    def work(session: Session) -> dict[str, Any]:
        refusal = erasure.refusal_of(session, member, queries.with_merged(session, member))
        if refusal is not None and session.get(Erasure, member) is None:
            raise ProblemError(refusal)
        return ask(session, hub.vault, _wish(erasure.ERASED, member, body, (principal, request_id)), hub.clock())

    try:
        return hub.database.run(work)
    except ProblemError as problem:
        if problem.code is ErrorCode.ERASURE_VALUE_OUT:
            erasure.call_back(hub.database, hub.book, member, hub.clock())
        raise


@router.get("/members/{member}/erasure", response_model=CertificateOut)
def show_erasure(member: UUID, hub: TheHub) -> dict[str, Any]:
    """The certificate of an erasure: which kiosks had to forget, and since when each has."""
    with hub.database.read() as session:
        found = session.get(Erasure, member)
        if found is None:
            raise ProblemError(ErrorCode.ERASURE_UNKNOWN)
        return erasure.certificate(session, found)


@router.post("/members/{member}/export", status_code=202, response_model=PersonalWaitingOut)
def ask_for_export(
    member: UUID, body: WhyIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Ask for everything about a member. It is put together once a second person has agreed."""

    def work(session: Session) -> dict[str, Any]:
        _existing(session, member)
        return ask(session, hub.vault, _wish(exports.EXPORTED, member, body, (principal, request_id)), hub.clock())

    return hub.database.run(work)


@router.post("/personal-exports/{request}/fetch", response_model=PersonalExportOut)
def fetch_export(request: UUID, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Fetch an export, by whoever asked for it and this once: it is destroyed with it."""
    now = hub.clock()

    def work(session: Session) -> dict[str, Any]:
        fetched = exports.fetch(session, hub.vault, request, actor=principal.actor, now=now)
        if isinstance(fetched, ErrorCode):
            raise ProblemError(fetched)
        act = Act(
            principal.actor,
            "member.export_fetched",
            str(fetched["member"]),
            {},
            {"request": str(request)},
            principal.address,
        )
        audit(session, act, now, hub.random_bytes)
        return fetched

    return hub.database.run(work)


@router.get("/destructions", response_model=PageOf[DestructionOut])
def show_destructions(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """What was destroyed because its time was over, newest first."""
    with hub.database.read() as session:
        key = (Destruction.at, Destruction.id)
        return page.of(session, select(Destruction), key, shown=_shown_destruction, newest_first=True)


def _existing(session: Session, member: UUID) -> Member:
    found = session.get(Member, member)
    if found is None:
        raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
    return found


def _seen_by(principal: Principal, own: dict[str, FieldDefinition], screen: Screen) -> dict[str, FieldDefinition]:
    return {name: each for name, each in own.items() if each.is_seen_by(principal.role) and each.is_on(screen)}


def _refuse(faults: tuple[Fault, ...] | list[Fault]) -> None:
    if faults:
        told = [{"field": fault.field, "code": fault.code.value} for fault in faults]
        raise ProblemError(ErrorCode.PROFILE_INVALID, fields=told)


def _limit(session: Session, hub: Hub, principal: Principal) -> None:
    since = hub.clock() - timedelta(hours=1)
    query = select(func.count()).where(
        AuditEntry.actor == principal.actor, AuditEntry.action == REVEALED, AuditEntry.at > since
    )
    if session.execute(query).scalar_one() >= REVEALS_MAX_PER_HOUR:
        raise ProblemError(ErrorCode.REVEAL_TOO_OFTEN, limit=REVEALS_MAX_PER_HOUR)


def _opened(session: Session, hub: Hub, member: UUID, wanted: list[str]) -> dict[str, str]:
    personal = [name for name in wanted if name in PERSONAL]
    own = [name.removeprefix(OWN) for name in wanted if name.startswith(OWN)]
    values = profile.read(session, hub.vault, [member], personal)[member]
    more = fields.read(session, hub.vault, [member], own)[member]
    return values | {f"{OWN}{name}": value for name, value in more.items()}


def _wish(kind: str, member: UUID, body: WhyIn, by: tuple[Principal, UUID]) -> Waiting:
    principal, request_id = by
    wanted = msgspec.json.encode({"member": member})
    return Waiting(
        id=request_id,
        kind=kind,
        subject=str(member),
        body=wanted,
        content=fingerprint(kind, wanted),
        asked_by=principal.actor,
        role=principal.role,
        reason=body.reason,
    )


def _shown_consent(row: Consent) -> dict[str, Any]:
    names = ("id", "purpose", "given", "text_version", "channel", "actor", "at")
    return {name: getattr(row, name) for name in names} | {"text_hash": row.text_hash.hex()}


def _shown_destruction(row: Destruction) -> dict[str, Any]:
    names = ("id", "kind", "before", "rows", "at")
    return {name: getattr(row, name) for name in names} | {"digest": row.digest.hex()}
