"""Delivers what the outbox holds: makes deliveries of new messages, sends what is due, and writes down how it went.

A delivery that is being sent is put off for a while first, so that no other process sends it too; one that dies in
between leaves it to be sent again. Receivers may therefore get a message twice, and know it by its id.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session
from standardwebhooks import Webhook

from hub.audit.service import Act, audit
from hub.db.session import Database
from hub.intake import RandomBytes
from hub.members.vault import Vault
from hub.webhooks import queries
from hub.webhooks.models import WebhookEndpoint
from hub.webhooks.rules import is_hopeless, next_attempt, wants
from hub.webhooks.sending import PATIENCE, Attempt, Sender
from hub.webhooks.service import place_of

SPREAD_MAX_MESSAGES = 500
SENT_AT_ONCE_MAX = 8
BATCH_MAX_DELIVERIES = 64
BEING_SENT = timedelta(seconds=8 * PATIENCE.attempt_s * BATCH_MAX_DELIVERIES / SENT_AT_ONCE_MAX)
"""So long nobody else takes up a delivery that is being sent: longer than a whole batch can take."""

JOB = "job:webhooks"


@dataclass(frozen=True, slots=True)
class Letter:
    """A delivery that is due, with all that sending it takes."""

    endpoint: UUID
    message: UUID
    attempts: int
    url: str
    body: bytes
    headers: dict[str, str]


class Courier:
    """Delivers, one batch after the other."""

    def __init__(self, database: Database, vault: Vault, sender: Sender, random_bytes: RandomBytes) -> None:
        self._database = database
        self._vault = vault
        self._sender = sender
        self._random_bytes = random_bytes

    def deliver(self, clock: Callable[[], datetime]) -> int:
        """Deliver everything that is due; how many attempts that took."""
        while self._database.run(lambda session: _spread(session, clock())) == SPREAD_MAX_MESSAGES:
            pass
        sent = 0
        with ThreadPoolExecutor(SENT_AT_ONCE_MAX, thread_name_prefix="webhooks") as threads:
            while letters := self._take(clock()):
                attempts = list(threads.map(self._send, letters))
                self._settle(list(zip(letters, attempts, strict=True)), clock())
                sent += len(letters)
        return sent

    def _take(self, now: datetime) -> list[Letter]:
        def work(session: Session) -> list[Letter]:
            rows = list(queries.due(session, now, BATCH_MAX_DELIVERIES))
            queries.postpone(session, [(row.endpoint, row.message) for row in rows], now + BEING_SENT)
            return [self._letter(row, now) for row in rows]

        with self._database.read() as session:
            is_idle = not list(queries.due(session, now, 1))
        # Looking first spares SQLite a writer's turn every few seconds.
        return [] if is_idle else self._database.run(work)

    def _letter(self, row: Any, now: datetime) -> Letter:
        body = msgspec.json.encode({"type": row.event, "timestamp": row.at, "data": row.data}).decode()
        is_rotating = row.old_secret is not None and row.old_until > now
        secrets = [row.secret, *([row.old_secret] if is_rotating else ())]
        place = place_of(row.endpoint)
        signatures = [
            Webhook(self._vault.unwrap_secret(secret, place)).sign(str(row.message), now, body) for secret in secrets
        ]
        headers = {
            "Content-Type": "application/json",
            "webhook-id": str(row.message),
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": " ".join(signatures),
        }
        return Letter(row.endpoint, row.message, row.attempts, row.url, body.encode(), headers)

    def _send(self, letter: Letter) -> Attempt:
        return self._sender.send(letter.url, letter.body, letter.headers)

    def _settle(self, results: Sequence[tuple[Letter, Attempt]], now: datetime) -> None:
        def work(session: Session) -> None:
            for letter, attempt in results:
                self._settle_one(session, letter, attempt, now)

        self._database.run(work)

    def _settle_one(self, session: Session, letter: Letter, attempt: Attempt, now: datetime) -> None:
        endpoint = session.get(WebhookEndpoint, letter.endpoint, with_for_update=True)
        if endpoint is None:
            return
        told = {"attempts": letter.attempts + 1, "last_at": now, "status": attempt.status, "problem": attempt.problem}
        if attempt.has_succeeded:
            endpoint.failing_since = None
            queries.settle(session, letter.endpoint, letter.message, {"state": "delivered", **told})
            return
        endpoint.failing_since = endpoint.failing_since or now
        again = next_attempt(letter.attempts + 1, now)
        further = {"state": "dead"} if again is None else {"due_at": again}
        queries.settle(session, letter.endpoint, letter.message, {**told, **further})
        if endpoint.state == "active" and is_hopeless(endpoint.failing_since, now, attempt.status):
            endpoint.state = "disabled"
            since = {"failing_since": endpoint.failing_since.isoformat(), "status": attempt.status}
            act = Act(JOB, "webhook.disabled", str(endpoint.id), {"state": "active"}, {"state": "disabled", **since})
            audit(session, act, now, self._random_bytes)


def _spread(session: Session, now: datetime) -> int:
    """Make deliveries of messages that have none; how many messages that were."""
    messages = list(queries.unspread(session, SPREAD_MAX_MESSAGES))
    if messages:
        endpoints = queries.active(session)
        pairs = [(e.id, m.id, m.event) for m in messages for e in endpoints if wants(e.events, m.event)]
        queries.add_deliveries(session, pairs, now)
        queries.mark_spread(session, {message.id for message in messages}, now)
    return len(messages)
