"""Bodies of the holds API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.holds.service import Book
from hub.schemas import AMOUNT_MAX_MINOR, Input, Name, Output

Held = Annotated[int, Field(ge=1, le=AMOUNT_MAX_MINOR)]


class HoldIn(Input):
    """Value of a member to be held for so many minutes: points, or money in minor units."""

    member: UUID
    store: Name
    book: Book
    amount: Held
    minutes: Annotated[int, Field(ge=1, le=10_080)]


class CaptureIn(Input):
    """What is spent of a hold, and on which receipt; the rest is given back."""

    store: Name
    amount: Held
    receipt: Name


class ReleaseIn(Input):
    """Where a hold is given back: in the store that placed it."""

    store: Name


class HoldOut(Output):
    """A hold. It can be captured while it is open and before its deadline."""

    hold: UUID
    member: UUID
    store: str
    book: str
    amount: int
    captured: int
    state: str
    placed_at: datetime
    deadline: datetime
    ended_at: datetime | None
