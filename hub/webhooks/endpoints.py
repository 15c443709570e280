"""The webhooks API: who is told of what, and how far each was told."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter, Response
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.requests import asked, once
from hub.schemas import PageOf
from hub.webhooks import queries, service
from hub.webhooks.models import WebhookDelivery, WebhookEndpoint
from hub.webhooks.rules import TEST
from hub.webhooks.schemas import (
    DeliveryOut,
    ReplayIn,
    ReplayOut,
    SecretOut,
    SecretRotateIn,
    TestOut,
    WebhookChange,
    WebhookIn,
    WebhookMadeOut,
    WebhookOut,
)
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1", tags=["webhooks"])


@router.get("/webhooks", response_model=PageOf[WebhookOut])
def webhooks(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every address that is told of events."""
    with hub.database.read() as session:
        return page.of(session, queries.ENDPOINTS, queries.BY_ID, shown=_shown)


@router.post("/webhooks", status_code=201, response_model=WebhookMadeOut)
def add_webhook(body: WebhookIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Have an address told of events. Its secret is shown this once."""
    _judge(hub, body.url)
    now, wanted = hub.clock(), service.Wanted(body.url, body.description, tuple(body.events))
    request = asked(hub, request_id, principal.actor, kind="webhook.added", content=body.model_dump_json())

    def work(session: Session) -> dict[str, Any]:
        secrets: list[str] = []

        def act() -> dict[str, Any]:
            endpoint, secret = service.add(session, hub.vault, wanted, now=now, random=hub.random_bytes)
            secrets.append(secret)
            told = {"url": body.url, "events": body.events}
            audit(
                session,
                Act(principal.actor, "webhook.added", str(endpoint), {}, told, principal.address),
                now,
                hub.random_bytes,
            )
            return {"id": str(endpoint)}

        found = _existing(session, UUID(once(session, request, act)["id"]))
        return _shown(found) | {"secret": next(iter(secrets), None)}

    return hub.database.run(work)


@router.patch("/webhooks/{webhook}", response_model=WebhookOut)
def change_webhook(webhook: UUID, body: WebhookChange, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Change an endpoint, or have it told again after it was disabled. Said again it changes nothing."""
    if body.url is not None:
        _judge(hub, body.url)
    changes = body.model_dump(exclude_none=True)

    def work(session: Session) -> dict[str, Any]:
        found = _existing(session, webhook)
        before = {name: getattr(found, name) for name in changes}
        for name, value in changes.items():
            setattr(found, name, value)
        if body.state == "active" and before["state"] != "active":
            found.failing_since = None
        if before != changes:
            act = Act(principal.actor, "webhook.changed", str(webhook), before, changes, principal.address)
            audit(session, act, hub.clock(), hub.random_bytes)
        session.flush()
        return _shown(found)

    return hub.database.run(work)


@router.delete("/webhooks/{webhook}", status_code=204, response_class=Response)
def remove_webhook(webhook: UUID, hub: TheHub, principal: ThePrincipal) -> Response:
    """Tell an address nothing any more, and forget what it was told."""

    def work(session: Session) -> None:
        found = _existing(session, webhook)
        session.delete(found)
        act = Act(principal.actor, "webhook.removed", str(webhook), {"url": found.url}, {}, principal.address)
        audit(session, act, hub.clock(), hub.random_bytes)

    hub.database.run(work)
    return Response(status_code=204)


@router.post("/webhooks/{webhook}/rotate", response_model=SecretOut)
def rotate_secret(
    webhook: UUID, body: SecretRotateIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Give an endpoint another secret. Until the overlap ends messages are signed by both."""
    now, overlap = hub.clock(), timedelta(hours=body.overlap_hours)
    content = f"{webhook} {body.overlap_hours}"
    request = asked(hub, request_id, principal.actor, kind="webhook.rotated", content=content)

    def work(session: Session) -> dict[str, Any]:
        secrets: list[str] = []

        def act() -> dict[str, Any]:
            found = _existing(session, webhook)
            secrets.append(service.rotate(found, hub.vault, overlap, (now, hub.random_bytes)))
            told = {"overlap_hours": body.overlap_hours}
            audit(
                session,
                Act(principal.actor, "webhook.rotated", str(webhook), {}, told, principal.address),
                now,
                hub.random_bytes,
            )
            return {"id": str(webhook)}

        return once(session, request, act) | {"secret": next(iter(secrets), None)}

    return hub.database.run(work)


@router.post("/webhooks/{webhook}/test", status_code=202, response_model=TestOut)
def test_webhook(webhook: UUID, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Send an endpoint a message of the kind `webhook.test`."""
    news = service.News(request_id, TEST, hub.clock(), {"webhook": str(webhook)})

    def act(session: Session) -> dict[str, Any]:
        _existing(session, webhook)
        service.send_test(session, webhook, news)
        return {"message": str(news.id)}

    return _done_once(hub, principal.actor, (request_id, "webhook.tested", str(webhook)), act)


@router.post("/webhooks/{webhook}/replay", status_code=202, response_model=ReplayOut)
def replay(
    webhook: UUID, body: ReplayIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Send an endpoint again one message, or what happened in a time span and it wants. Messages keep their ids."""
    now = hub.clock()

    def act(session: Session) -> dict[str, Any]:
        found = _existing(session, webhook)
        if body.message is not None and body.since is None and body.until is None:
            messages = service.replay_one(session, found, body.message, now)
        elif body.message is None and body.since is not None:
            messages = service.replay(session, found, body.since, body.until or now, now=now)
        else:
            fields = [{"field": "body.message", "problem": "give a message, or since"}]
            raise ProblemError(ErrorCode.REQUEST_INVALID, fields=fields)
        told = body.model_dump(mode="json", exclude_none=True)
        audit(
            session,
            Act(principal.actor, "webhook.replayed", str(webhook), {}, told, principal.address),
            now,
            hub.random_bytes,
        )
        return {"messages": messages}

    content = f"{webhook} {body.model_dump_json()}"
    return _done_once(hub, principal.actor, (request_id, "webhook.replayed", content), act)


@router.get("/webhooks/{webhook}/deliveries", response_model=PageOf[DeliveryOut])
def deliveries(
    webhook: UUID, hub: TheHub, page: ThePage, state: Literal["waiting", "delivered", "dead"] | None = None
) -> dict[str, Any]:
    """What an endpoint was told, newest first, and how that went."""
    with hub.database.read() as session:
        _existing(session, webhook)
        found = queries.deliveries(webhook, state)
        return page.of(session, found, queries.BY_TIME, shown=_shown_delivery, newest_first=True)


def _done_once(
    hub: Hub, actor: str, what: tuple[UUID, str, str], act: Callable[[Session], dict[str, Any]]
) -> dict[str, Any]:
    request_id, kind, content = what
    request = asked(hub, request_id, actor, kind=kind, content=content)
    return hub.database.run(lambda session: once(session, request, lambda: act(session)))


def _judge(hub: Hub, url: str) -> None:
    if not hub.guard.admits(url):
        raise ProblemError(ErrorCode.WEBHOOK_ADDRESS)


def _existing(session: Session, webhook: UUID) -> WebhookEndpoint:
    found = session.get(WebhookEndpoint, webhook)
    if found is None:
        raise ProblemError(ErrorCode.WEBHOOK_UNKNOWN)
    return found


def _shown(endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "description": endpoint.description,
        "events": endpoint.events,
        "state": endpoint.state,
        "failing_since": endpoint.failing_since,
        "created_at": endpoint.created_at,
    }


def _shown_delivery(delivery: WebhookDelivery) -> dict[str, Any]:
    return {
        "message": delivery.message,
        "event": delivery.event,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "made_at": delivery.made_at,
        "due_at": delivery.due_at if delivery.state == "waiting" else None,
        "last_at": delivery.last_at,
        "status": delivery.status,
        "problem": delivery.problem,
    }
