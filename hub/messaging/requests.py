"""Requests of kiosks: which are booked, which are only read, and how each is answered."""

import base64
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.fleet.models import Kiosk
from hub.intake import ByKiosk, Item, Outcome
from hub.members.vault import Vault
from hub.messaging import documents
from hub.messaging.envelopes import fingerprint
from hub.messaging.snapshots import snapshots
from protocol import codec
from protocol.codec import MessageError
from protocol.errors import ErrorCode
from protocol.kinds import REQUESTS, kind_of
from protocol.requests import (
    AskLease,
    FetchDocument,
    KeyReleased,
    PresentCard,
    Refusal,
    ReleaseKey,
    Reply,
    Request,
    VisitOpened,
)

BOOKED = (PresentCard, AskLease)
"""Requests that change something; the others only read."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request that was read, and who asks."""

    kiosk: str
    request: Request
    body: Struct

    @property
    def is_booked(self) -> bool:
        """Tell whether this request has to be booked."""
        return isinstance(self.body, BOOKED)

    def item(self) -> Item:
        """The request as an item for booking."""
        return Item(
            id=self.request.id,
            kind=self.request.kind,
            body=self.body,
            source=ByKiosk(self.kiosk),
            fingerprint=fingerprint(self.request.kind, self.request.body),
            occurred_at=self.request.asked_at,
        )


def read(payload: bytes, kiosk: str) -> Asked:
    """Read a request.

    Raises:
        MessageError: if it cannot be read; nobody can be answered then, because it has no id.
    """
    request = codec.decode(payload, Request)
    return Asked(kiosk, request, codec.decode_body(request.kind, request.body, REQUESTS))


@dataclass(frozen=True, slots=True)
class Answerer:
    """Answers requests from what the database says after they were booked."""

    session: Session
    vault: Vault
    now: datetime

    def booked(self, asked: Sequence[tuple[Asked, Outcome]]) -> Iterator[tuple[str, Reply]]:
        """Answer requests that were booked. A granted lease has no answer: it comes as a duty."""
        visits = [outcome for _asked, outcome in asked if outcome.is_applied and "visit" in outcome.result]
        current = self._snapshots({UUID(outcome.result["member"]) for outcome in visits})
        for question, outcome in asked:
            if not outcome.is_applied:
                yield question.kiosk, refuse(question, outcome.code or ErrorCode.REQUEST_FAILED, outcome.result)
            elif "visit" in outcome.result:
                result = outcome.result
                snapshot = current[UUID(result["member"])]
                opened = VisitOpened(UUID(result["visit"]), redeems=result["redeems"], snapshot=snapshot)
                yield question.kiosk, reply(question, opened)

    def read(self, asked: Asked) -> Reply:
        """Answer a request that only reads."""
        body = asked.body
        if isinstance(body, FetchDocument):
            page = documents.page(self.session, asked.kiosk, body.name, body.page)
            return refuse(asked, ErrorCode.DOCUMENT_UNKNOWN, {}) if page is None else reply(asked, page)
        assert isinstance(body, ReleaseKey), "every other request is booked"
        kiosk = self.session.execute(select(Kiosk).where(Kiosk.id == asked.kiosk)).scalar_one_or_none()
        if kiosk is None or kiosk.state != "active":
            return refuse(asked, ErrorCode.KIOSK_REVOKED, {})
        key = self.vault.unwrap_secret(kiosk.wrapping_key, wrapping_key_place(kiosk.id))
        return reply(asked, KeyReleased(base64.b64encode(key).decode()))

    def _snapshots(self, members: Collection[UUID]) -> dict[UUID, Any]:
        return dict(snapshots(self.session, self.vault, members, self.now))


def wrapping_key_place(kiosk: str) -> str:
    """Where the wrapping key of a kiosk stands, as the vault names it."""
    return f"kiosks|{kiosk}|wrapping_key"


def reply(asked: Asked, body: Struct) -> Reply:
    """Answer with a body."""
    return Reply(request=asked.request.id, kind=kind_of(body), body=codec.raw(body))


def refuse(asked: Asked, code: ErrorCode, data: dict[str, int | str]) -> Reply:
    """Answer with a refusal."""
    return Reply(request=asked.request.id, kind=asked.request.kind, refused=Refusal(code, data))


__all__ = ["Answerer", "Asked", "MessageError", "read", "refuse", "reply", "wrapping_key_place"]
