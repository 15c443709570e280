"""All SQL of webhooks."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.db.reading import Asked, Prepared, Rows, among
from hub.webhooks.models import WebhookDelivery, WebhookEndpoint, WebhookMessage

ENDPOINTS = select(WebhookEndpoint)
BY_ID = (WebhookEndpoint.id,)
BY_TIME = (WebhookDelivery.made_at, WebhookDelivery.message)

MESSAGE = ("id", "event", "at", "data")
DELIVERY = ("endpoint", "message", "event", "state", "attempts", "made_at", "due_at", "problem")

_SUBSCRIBED = Prepared(lambda _among: select(WebhookEndpoint.events).where(WebhookEndpoint.state == "active"))


def ask_subscribed(session: Session) -> Asked[Rows]:
    """What each active endpoint wants to be told."""
    return _SUBSCRIBED.ask(session)


def active(session: Session) -> Sequence[WebhookEndpoint]:
    """Endpoints that are told of events."""
    return session.execute(select(WebhookEndpoint).where(WebhookEndpoint.state == "active")).scalars().all()


def unspread(session: Session, limit: int) -> Rows:
    """Messages that no deliveries were made of, the oldest first; nobody else makes them meanwhile."""
    query = select(WebhookMessage.id, WebhookMessage.event).where(WebhookMessage.spread_at.is_(None))
    ordered = query.order_by(WebhookMessage.at, WebhookMessage.id).limit(limit)
    return session.execute(ordered.with_for_update(skip_locked=True)).all()


def mark_spread(session: Session, messages: Collection[UUID], now: datetime) -> None:
    """Say that deliveries were made of these messages."""
    session.execute(update(WebhookMessage).where(among(session, WebhookMessage.id, messages)).values(spread_at=now))


def add_deliveries(session: Session, pairs: Sequence[tuple[UUID, UUID, str]], now: datetime) -> None:
    """Have messages delivered; each pair names an endpoint, a message and its event."""
    rows = [(endpoint, message, event, "waiting", 0, now, now, "") for endpoint, message, event in pairs]
    insert_rows(session, WebhookDelivery, DELIVERY, rows)


def due(session: Session, now: datetime, limit: int) -> Rows:
    """Deliveries whose time has come, the longest waiting first, with all that sending them takes."""
    columns = (
        *(WebhookDelivery.endpoint, WebhookDelivery.message, WebhookDelivery.attempts),
        *(WebhookMessage.event, WebhookMessage.at, WebhookMessage.data),
        *(WebhookEndpoint.url, WebhookEndpoint.secret, WebhookEndpoint.old_secret, WebhookEndpoint.old_until),
    )
    query = (
        select(*columns)
        .join(WebhookMessage, WebhookMessage.id == WebhookDelivery.message)
        .join(WebhookEndpoint, WebhookEndpoint.id == WebhookDelivery.endpoint)
        .where(WebhookDelivery.state == "waiting", WebhookDelivery.due_at <= now, WebhookEndpoint.state == "active")
        .order_by(WebhookDelivery.due_at, WebhookDelivery.message)
        .limit(limit)
    )
    return session.execute(query.with_for_update(of=WebhookDelivery, skip_locked=True)).all()


def postpone(session: Session, pairs: Collection[tuple[UUID, UUID]], until: datetime) -> None:
    """Have nobody else send these meanwhile."""
    for endpoint, message in pairs:
        session.execute(_one(endpoint, message).values(due_at=until))


def settle(session: Session, endpoint: UUID, message: UUID, values: dict[str, Any]) -> None:
    """Write down how an attempt went."""
    session.execute(_one(endpoint, message).values(**values))


def _one(endpoint: UUID, message: UUID) -> Any:
    here = (WebhookDelivery.endpoint == endpoint) & (WebhookDelivery.message == message)
    return update(WebhookDelivery).where(here)


def deliveries(endpoint: UUID, state: str | None) -> Select[Any]:
    """Asks for the deliveries to an endpoint, in one state or all of them."""
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint == endpoint)
    return query if state is None else query.where(WebhookDelivery.state == state)


def messages_between(session: Session, since: datetime, until: datetime, limit: int) -> Rows:
    """What happened from one moment to before another, the oldest first."""
    query = select(WebhookMessage.id, WebhookMessage.event).where(WebhookMessage.at >= since, WebhookMessage.at < until)
    return session.execute(query.order_by(WebhookMessage.at, WebhookMessage.id).limit(limit)).all()


def known_deliveries(session: Session, endpoint: UUID, messages: Collection[UUID]) -> set[UUID]:
    """Which of these messages have been on their way to an endpoint."""
    mine = (WebhookDelivery.endpoint == endpoint, among(session, WebhookDelivery.message, messages))
    return set(session.execute(select(WebhookDelivery.message).where(*mine)).scalars())


def renew(session: Session, endpoint: UUID, messages: Collection[UUID], now: datetime) -> None:
    """Have messages sent to an endpoint again."""
    mine = (WebhookDelivery.endpoint == endpoint, among(session, WebhookDelivery.message, messages))
    session.execute(update(WebhookDelivery).where(*mine).values(state="waiting", attempts=0, due_at=now))
