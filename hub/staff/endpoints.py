"""The API of keys and of the audit log."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal
from hub.problems import ProblemError
from hub.staff.models import ApiKey, AuditEntry
from hub.staff.schemas import AuditOut, KeyIn, KeyOut
from hub.staff.service import Act, audit, issue_key
from protocol.errors import ErrorCode

AUDIT_MAX = 200

router = APIRouter(prefix="/v1", tags=["staff"])


@router.post("/keys", status_code=201, response_model=KeyOut)
def make_key(body: KeyIn, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Make an API key. Nobody can give away more than the own key allows."""
    now = hub.clock()
    if not principal.covers(body.permissions, body.stores):
        raise ProblemError(ErrorCode.PERMISSION_DENIED)

    def work(session: Session) -> dict[str, Any]:
        key, secret = issue_key(
            session, body.name, body.permissions, stores=body.stores, now=now, random=hub.random_bytes
        )
        given = {"permissions": key.permissions, "stores": key.stores}
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
