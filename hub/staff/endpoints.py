"""The API of keys and of the audit log."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal
from hub.audit.models import AuditEntry
from hub.messaging.envelopes import fingerprint
from hub.points.intake import ADJUSTED, PointsAdjusted
from hub.problems import ProblemError
from hub.staff.keys import issue_key
from hub.staff.models import ApiKey
from hub.staff.schemas import ApprovalIn, ApprovalOut, AuditOut, KeyIn, KeyOut
from hub.staff.service import Act, Approved, approvals, approve, audit
from protocol import codec
from protocol.errors import ErrorCode

AUDIT_MAX = 200

router = APIRouter(prefix="/v1", tags=["staff"])


@router.post("/keys", status_code=201, response_model=KeyOut)
def make_key(body: KeyIn, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Make an API key. Nobody can give away more than the own key allows."""
    now = hub.clock()
    if not principal.covers(body.permissions, body.stores, body.role):
        raise ProblemError(ErrorCode.PERMISSION_DENIED)

    def work(session: Session) -> dict[str, Any]:
        key, secret = issue_key(
            session, body.name, body.permissions, stores=body.stores, role=body.role, now=now, random=hub.random_bytes
        )
        given = {"permissions": key.permissions, "stores": key.stores, "role": key.role}
        audit(session, Act(principal.actor, "key.made", str(key.id), {}, given), now, hub.random_bytes)
        return {"id": key.id, "name": key.name, "secret": secret}

    return hub.database.run(work)


@router.delete("/keys/{key}", status_code=204, response_class=Response)
def revoke_key(key: UUID, hub: TheHub, principal: ThePrincipal) -> Response:
    """Revoke a key at once."""
    now = hub.clock()

    def work(session: Session) -> None:
        found = session.get(ApiKey, key)
        if found is None:
            raise ProblemError(ErrorCode.KEY_UNKNOWN)
        found.revoked_at = found.revoked_at or now
        audit(session, Act(principal.actor, "key.revoked", str(key), {}, {}), now, hub.random_bytes)

    hub.database.run(work)
    return Response(status_code=204)


@router.post("/approvals", status_code=201, response_model=ApprovalOut)
def give_approval(body: ApprovalIn, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Approve what another person is about to ask for, by the id and the very content of that request.

    The request is then sent again. The same approval can be repeated safely; a request has one approval only.
    """
    refusal = principal.store_refusal(body.store)
    if refusal is not None:
        raise ProblemError(refusal)
    now, adjustment = hub.clock(), PointsAdjusted(body.member, body.points, body.reason)
    content = fingerprint(f"{ADJUSTED}@{body.store}", codec.encode(adjustment))
    approved = Approved(principal.actor, ADJUSTED, content)

    def work(session: Session) -> dict[str, Any]:
        known = approvals(session, [body.request]).get(body.request)
        if known is None:
            approve(session, body.request, approved, now)
            told = {"act": body.act, "member": str(body.member), "points": body.points}
            audit(session, Act(principal.actor, "approval.given", str(body.request), {}, told), now, hub.random_bytes)
        elif known != approved:
            raise ProblemError(ErrorCode.REQUEST_CONFLICT)
        return {"request": body.request, "act": body.act, "actor": principal.actor}

    return hub.database.run(work)


@router.get("/audit", response_model=list[AuditOut])
def log(hub: TheHub) -> list[dict[str, Any]]:
    """The last sensitive acts, newest first."""
    query = select(AuditEntry).order_by(AuditEntry.at.desc(), AuditEntry.id.desc()).limit(AUDIT_MAX)
    with hub.database.read() as session:
        return [
            {
                "id": entry.id,
                "at": entry.at,
                "actor": entry.actor,
                "action": entry.action,
                "subject": entry.subject,
                "before": entry.before,
                "after": entry.after,
            }
            for entry in session.execute(query).scalars()
        ]
