"""Pure rules of holds: how long value may be held, and what may become of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from hub.points.rules import Refusal
from protocol.errors import ErrorCode


class State(StrEnum):
    """What became of a hold; it ends once."""

    OPEN = "open"
    CAPTURED = "captured"
    RELEASED = "released"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class HoldPolicy:
    """For how long a till or the console may hold a member's value."""

    minutes_max: Annotated[int, Meta(ge=1, le=10_080)] = 30


@dataclass(slots=True)
class HoldState:
    """A hold as a booking sees it."""

    id: UUID
    member: UUID
    store: str
    book: str
    amount: int
    captured: int
    state: State
    actor: str
    placed_at: datetime
    deadline: datetime
    ended_at: datetime | None
    is_new: bool = False
    is_changed: bool = False

    def __post_init__(self) -> None:
        self.state = State(self.state)

    def capture_refusal(self, amount: int, store: str, at: datetime) -> Refusal | None:
        """Why so much may not be taken from this hold: it is taken from once, in its own store and before its end."""
        refusal = self.release_refusal(store)
        if refusal is not None:
            return refusal
        if at >= self.deadline:
            return ErrorCode.HOLD_EXPIRED, {}
        return (ErrorCode.HOLD_EXCEEDED, {"held": self.amount}) if amount > self.amount else None

    def release_refusal(self, store: str) -> Refusal | None:
        """Why this hold cannot be given back; it can be as long as it is there, and in its own store."""
        if store != self.store:
            return ErrorCode.STORE_OUT_OF_SCOPE, {}
        if self.state is State.EXPIRED:
            return ErrorCode.HOLD_EXPIRED, {}
        return None if self.state is State.OPEN else (ErrorCode.HOLD_ENDED, {})

    def expiry_refusal(self, at: datetime) -> Refusal | None:
        """Why time does not end this hold: something else has, before."""
        assert at >= self.deadline, "only overdue holds are looked at"
        return None if self.state is State.OPEN else (ErrorCode.HOLD_ENDED, {})

    def end(self, state: State, at: datetime, *, captured: int = 0) -> None:
        """Close the hold for good."""
        assert self.state is State.OPEN, "a hold ends once"
        self.state, self.captured, self.ended_at, self.is_changed = state, captured, at, True
