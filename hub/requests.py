"""Requests that change something outside of a booking: each is done once, however often it comes.

They stand among the facts, so an id is good for one request, of whatever kind. A refused request has changed nothing,
so it is not written down: when it comes again it is judged again.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.booking.models import Fact
from hub.composition import Hub
from hub.intake import Verdict
from hub.problems import ProblemError
from hub.webhooks import service as webhooks
from hub.webhooks.rules import EVENTS
from hub.webhooks.service import News
from protocol.errors import ErrorCode
from protocol.ids import derived_id


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as it is remembered. `content` is a keyed digest, because what people send may be personal."""

    id: UUID
    kind: str
    actor: str
    content: bytes
    at: datetime


def asked(hub: Hub, request_id: UUID, actor: str, *, kind: str, content: str) -> Asked:
    """A request that comes now; `content` is all that tells it from another one of its kind."""
    return Asked(request_id, kind, actor, hub.vault.digest_of("request", f"{kind}\0{content}"), hub.clock())


def answered(session: Session, request: Asked) -> dict[str, Any] | None:
    """What the request was answered before; None where it comes for the first time.

    Raises:
        ProblemError: the id was used for something else.
    """
    known = session.get(Fact, request.id)
    if known is None:
        return None
    if (known.kind, known.fingerprint) != (request.kind, request.content):
        raise ProblemError(ErrorCode.REQUEST_CONFLICT)
    return known.result


def once(session: Session, request: Asked, act: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What the request was answered the first time; where this is the first time, `act` does it and answers.

    The answer is kept for ever, so it holds nothing personal: whoever calls this adds that each time. A kept answer is
    plain JSON, so ids and moments are texts in it. Whoever subscribed to such events is told the same.

    Raises:
        ProblemError: the id was used for something else.
    """
    known = answered(session, request)
    if known is not None:
        return known
    answer = act()
    if request.kind in EVENTS:
        webhooks.tell_one(session, News(derived_id(request.id, "news"), request.kind, request.at, answer))
    session.add(
        Fact(
            id=request.id,
            kind=request.kind,
            actor=request.actor,
            fingerprint=request.content,
            verdict=Verdict.APPLIED,
            code=None,
            result=answer,
            kiosk=None,
            epoch=None,
            seq=None,
            raw=None,
            occurred_at=request.at,
            received_at=request.at,
            effective_at=request.at,
        )
    )
    return answer
