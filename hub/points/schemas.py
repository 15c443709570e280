"""Bodies of the points API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.schemas import AMOUNT_MAX_MINOR, Input, Name, Output, PointsChange, Sentence


class AdjustmentIn(Input):
    """Points to give or, below zero, to take; and why."""

    points: PointsChange
    reason: Annotated[Sentence, Field(min_length=1)]
    store: Name


class AdjustmentOut(Output):
    """What was done, where the member stands now, and how much of it paid back what the member owed."""

    adjustment: UUID
    points: int
    recovered: int
    balance: int
    booked_at: datetime


class PointsTransferIn(Input):
    """Points that one member passes on to another, with a message."""

    sender: Annotated[UUID, Field(alias="from")]
    recipient: Annotated[UUID, Field(alias="to")]
    points: Annotated[int, Field(ge=1, le=AMOUNT_MAX_MINOR)]
    message: Sentence = ""
    store: Name


class PointsTransferOut(Output):
    """What was passed on; `balance` is the sender's, `left_today` what the sender may still pass on that day."""

    transfer: UUID
    points: int
    balance: int
    left_today: int
    booked_at: datetime
