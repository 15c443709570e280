"""The API of keys."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal
from hub.audit.service import Act, audit
from hub.problems import ProblemError
from hub.staff.keys import issue_key
from hub.staff.models import ApiKey
from hub.staff.schemas import KeyIn, KeyOut
from protocol.errors import ErrorCode

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
        audit(
            session, Act(principal.actor, "key.made", str(key.id), {}, given, principal.address), now, hub.random_bytes
        )
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
        audit(session, Act(principal.actor, "key.revoked", str(key), {}, {}, principal.address), now, hub.random_bytes)

    hub.database.run(work)
    return Response(status_code=204)
