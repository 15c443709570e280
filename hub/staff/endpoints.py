"""The API of keys."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.approvals.service import Waiting, ask
from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.pages import ThePage
from hub.problems import ProblemError, WaitingError
from hub.requests import Asked, asked, once
from hub.schemas import PageOf
from hub.staff import keys
from hub.staff.models import ApiKey
from hub.staff.permissions import Permission, Role
from hub.staff.schemas import KeyIn, KeyMadeOut, KeyOut, KeyRotateIn, KeyWaitingOut
from protocol import codec
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1", tags=["staff"])


@router.get("/keys", response_model=PageOf[KeyOut])
def show_keys(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every key there is or was, the newest first."""
    with hub.database.read() as session:
        return page.of(session, select(ApiKey), (ApiKey.id,), shown=_shown, newest_first=True)


@router.post("/keys", status_code=201, response_model=KeyMadeOut, responses={202: {"model": KeyWaitingOut}})
def make_key(body: KeyIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Make an API key. Nobody can give away more than they have; what is sensitive waits for a second person."""
    if not principal.covers(body.permissions, body.stores, body.role):
        raise ProblemError(ErrorCode.PERMISSION_DENIED)
    wish = keys.Wish(body.name, tuple(body.permissions), tuple(body.stores), body.role, body.expires_at)
    request = asked(hub, request_id, principal.actor, kind=keys.KEY_MADE, content=body.model_dump_json())
    if wish.is_sensitive:
        waiting = Waiting(
            *(request.id, keys.KEY_MADE, wish.name, codec.encode(wish), request.content, principal.actor),
            role=principal.role,
        )
        raise WaitingError(hub.database.run(lambda session: ask(session, hub.vault, waiting, request.at)))
    return hub.database.run(lambda session: _make(session, hub, request, (wish, principal.address)))


def _make(session: Session, hub: Hub, request: Asked, wanted: tuple[keys.Wish, str]) -> dict[str, Any]:
    wish, source = wanted
    secrets: list[str] = []

    def act() -> dict[str, Any]:
        key, secret = keys.make(session, wish, request.actor, source=source, now=request.at, random=hub.random_bytes)
        secrets.append(secret)
        return {"id": str(key.id), "name": key.name}

    return once(session, request, act) | {"secret": next(iter(secrets), None)}


@router.post("/keys/{key}/rotate", response_model=KeyMadeOut)
def rotate_key(
    key: UUID, body: KeyRotateIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Give a key another secret. The one before works until the overlap ends; whoever rotates has all the key has."""
    overlap = timedelta(hours=body.overlap_hours)
    request = asked(hub, request_id, principal.actor, kind="key.rotated", content=f"{key} {body.overlap_hours}")

    def work(session: Session) -> dict[str, Any]:
        secrets: list[str] = []

        def act() -> dict[str, Any]:
            found = _existing(session, key)
            allowed, role = [Permission(one) for one in found.permissions], Role(found.role) if found.role else None
            if not principal.covers(allowed, found.stores, role):
                raise ProblemError(ErrorCode.PERMISSION_DENIED)
            if found.revoked_at is not None:
                raise ProblemError(ErrorCode.KEY_ENDED)
            secrets.append(keys.rotate(found, overlap, request.at, hub.random_bytes))
            told = {"overlap_hours": body.overlap_hours}
            audit(
                session,
                Act(principal.actor, "key.rotated", str(key), {}, told, principal.address),
                request.at,
                hub.random_bytes,
            )
            return {"id": str(key), "name": found.name}

        return once(session, request, act) | {"secret": next(iter(secrets), None)}

    return hub.database.run(work)


@router.delete("/keys/{key}", status_code=204, response_class=Response)
def revoke_key(key: UUID, hub: TheHub, principal: ThePrincipal) -> Response:
    """Revoke a key at once. Said again it changes nothing."""
    now = hub.clock()

    def work(session: Session) -> None:
        found = _existing(session, key)
        if found.revoked_at is None:
            found.revoked_at = now
            audit(
                session, Act(principal.actor, "key.revoked", str(key), {}, {}, principal.address), now, hub.random_bytes
            )

    hub.database.run(work)
    return Response(status_code=204)


def _existing(session: Session, key: UUID) -> ApiKey:
    found = session.get(ApiKey, key, with_for_update=True)
    if found is None:
        raise ProblemError(ErrorCode.KEY_MISSED)
    return found


def _shown(key: ApiKey) -> dict[str, Any]:
    names = ("id", "name", "permissions", "stores", "role", "created_at", "expires_at", "last_used_at", "revoked_at")
    return {name: getattr(key, name) for name in names} | {"rotates_until": key.old_until}
