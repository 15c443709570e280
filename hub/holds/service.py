"""Holds as the rest of the hub uses them: what is asked of them, how they are shown, and which are overdue."""

import hashlib
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from hub.holds import queries
from hub.holds.rules import HoldState
from hub.intake import ByJob, Item
from protocol import codec
from protocol.ids import derived_id
from protocol.limits import VALUE_MAX
from protocol.values import Token

PLACED, CAPTURED, RELEASED, EXPIRED = "hold.placed", "hold.captured", "hold.released", "hold.expired"

JOB = "holds"
"""Name under which the hub itself frees holds."""

Book = Literal["points", "money"]
"""What a hold holds: points, or principal and bonus together."""

MONEY: Book = "money"

Amount = Annotated[int, Meta(ge=1, le=VALUE_MAX)]


class HoldPlaced(Struct, frozen=True):
    """A till or the console reserves value of a member; the hold has the id of this request."""

    member: UUID
    book: Book
    amount: Amount
    minutes: Annotated[int, Meta(ge=1)]


class HoldCaptured(Struct, frozen=True):
    """What was held, or a part of it, is spent on a receipt; the rest is given back."""

    hold: UUID
    amount: Amount
    receipt: Token


class HoldReleased(Struct, frozen=True):
    """What was held is given back."""

    hold: UUID


class HoldExpired(Struct, frozen=True):
    """The time of a hold has run out."""

    hold: UUID


def shown(hold: HoldState) -> dict[str, Any]:
    """A hold as callers are shown it, now and whenever they ask again."""
    return {
        "hold": str(hold.id),
        "member": str(hold.member),
        "store": hold.store,
        "book": hold.book,
        "amount": hold.amount,
        "captured": hold.captured,
        "state": hold.state.value,
        "placed_at": hold.placed_at.isoformat(),
        "deadline": hold.deadline.isoformat(),
        "ended_at": hold.ended_at.isoformat() if hold.ended_at else None,
    }


def overdue(session: Session, now: datetime, limit: int) -> list[Item]:
    """What is to be booked to free the holds whose time has run out; the same hold always gives the same item."""
    return [_expiry(hold, now) for hold in queries.overdue(session, now, limit)]


def _expiry(hold: UUID, now: datetime) -> Item:
    body = HoldExpired(hold)
    return Item(
        id=derived_id(hold, EXPIRED),
        kind=EXPIRED,
        body=body,
        source=ByJob(JOB),
        fingerprint=hashlib.sha256(codec.encode(body)).digest(),
        occurred_at=now,
    )
