"""Webhooks as the rest of the hub uses them: what happened is written to the outbox by the transaction that does it."""

import base64
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.db.reading import Asked
from hub.intake import RandomBytes
from hub.members.vault import Vault
from hub.webhooks import queries
from hub.webhooks.models import WebhookEndpoint, WebhookMessage
from hub.webhooks.rules import Event, wants
from protocol.ids import event_id

SECRET_BYTES = 32
PREFIX = "whsec_"
"""How Standard Webhooks writes a secret: this, and its bytes in base64."""

REPLAY_MAX_MESSAGES = 10_000
"""So many of a time span are sent again at once; ask again from the last one on."""


@dataclass(frozen=True, slots=True)
class News:
    """Something that happened. `data` is plain JSON and holds ids and figures, nothing personal and no secret."""

    id: UUID
    event: str
    at: datetime
    data: Mapping[str, Any]


@dataclass(slots=True)
class Audience:
    """Part of a booking's working set: what each active endpoint wants to be told."""

    subscribed: list[list[str]] = field(default_factory=list)


def ask_subscribed(session: Session) -> Asked[list[list[str]]]:
    """What each active endpoint wants to be told; nothing where there is none."""
    return queries.ask_subscribed(session).then(lambda rows: [list(row.events) for row in rows])


def tell(session: Session, news: Iterable[News], subscribed: Collection[Collection[str]]) -> None:
    """Put into the outbox what somebody wants to be told, with one statement."""
    rows = [
        (one.id, one.event, one.at, dict(one.data))
        for one in news
        if any(wants(events, one.event) for events in subscribed)
    ]
    insert_rows(session, WebhookMessage, queries.MESSAGE, rows)


def tell_one(session: Session, news: News) -> None:
    """Put one thing into the outbox, if somebody wants to be told of it."""
    tell(session, [news], ask_subscribed(session).answer())


def tell_changed(
    session: Session, member: UUID, changed: Collection[str], *, now: datetime, random: RandomBytes
) -> None:
    """Tell that fields of a member have changed: their names, never what is in them."""
    message = event_id(int(now.timestamp() * 1000), random(10))
    told = {"member": str(member), "changed": sorted(changed)}
    tell_one(session, News(message, Event.MEMBER_CHANGED, now, told))


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to be told, and where. `events` empty means everything."""

    url: str
    description: str
    events: tuple[str, ...]


def add(session: Session, vault: Vault, wanted: Wanted, *, now: datetime, random: RandomBytes) -> tuple[UUID, str]:
    """Add an endpoint; its id, and its secret, which is shown this once."""
    endpoint, secret = event_id(int(now.timestamp() * 1000), random(10)), random(SECRET_BYTES)
    session.add(
        WebhookEndpoint(
            id=endpoint,
            url=wanted.url,
            description=wanted.description,
            events=sorted(wanted.events),
            state="active",
            secret=vault.wrap_secret(secret, place_of(endpoint)),
            old_secret=None,
            old_until=None,
            failing_since=None,
            created_at=now,
        )
    )
    session.flush()
    return endpoint, written(secret)


def rotate(endpoint: WebhookEndpoint, vault: Vault, overlap: timedelta, terms: tuple[datetime, RandomBytes]) -> str:
    """Give an endpoint another secret, shown this once. Until the overlap ends, the one before signs as well.

    `terms` are the moment and what draws the secret.
    """
    now, random = terms
    secret = random(SECRET_BYTES)
    endpoint.old_secret, endpoint.old_until = endpoint.secret, now + overlap
    endpoint.secret = vault.wrap_secret(secret, place_of(endpoint.id))
    return written(secret)


def place_of(endpoint: UUID) -> str:
    """Place of an endpoint's secret, as the vault names it."""
    return f"webhook_endpoints|{endpoint}|secret"


def written(secret: bytes) -> str:
    """A secret as receivers are given it."""
    return PREFIX + base64.b64encode(secret).decode()


def send_test(session: Session, endpoint: UUID, news: News) -> None:
    """Have one endpoint told that all is well, whatever it subscribed to."""
    row = (news.id, news.event, news.at, dict(news.data), news.at)
    insert_rows(session, WebhookMessage, (*queries.MESSAGE, "spread_at"), [row])
    queries.add_deliveries(session, [(endpoint, news.id, news.event)], news.at)


def replay(session: Session, endpoint: WebhookEndpoint, since: datetime, until: datetime, *, now: datetime) -> int:
    """Send an endpoint again what happened between two moments and what it wants; how much that was."""
    found = queries.messages_between(session, since, until, REPLAY_MAX_MESSAGES)
    return _again(session, endpoint, [(row.id, row.event) for row in found if wants(endpoint.events, row.event)], now)


def replay_one(session: Session, endpoint: WebhookEndpoint, message: UUID, now: datetime) -> int:
    """Send an endpoint one message again; 0 where there is no such message."""
    found = session.get(WebhookMessage, message)
    return 0 if found is None else _again(session, endpoint, [(found.id, found.event)], now)


def _again(session: Session, endpoint: WebhookEndpoint, messages: list[tuple[UUID, str]], now: datetime) -> int:
    known = queries.known_deliveries(session, endpoint.id, {message for message, _event in messages})
    queries.renew(session, endpoint.id, known, now)
    unknown = [(endpoint.id, message, event) for message, event in messages if message not in known]
    queries.add_deliveries(session, unknown, now)
    return len(messages)
