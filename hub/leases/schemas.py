"""Bodies of the leases API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Output, Sentence


class WriteOffIn(Input):
    """What became of a lease that its kiosk will not report on: the points go back to the member, or count as spent."""

    outcome: Literal["give_back", "spent"]
    reason: Annotated[Sentence, Field(min_length=3)]


class WriteOffOut(Output):
    """What was still lent, and where the member stands now."""

    kiosk: str
    number: int
    member: UUID
    outcome: str
    points: int
    balance: int


class LeaseOut(Output):
    """A lease; `points` are what is lent still. A kiosk that is revoked, or a journal that ended, never closes it."""

    kiosk: str
    kiosk_state: str
    number: int
    epoch: UUID
    epoch_state: str
    member: UUID
    reward: UUID
    points: int
    spent: int
    state: str
    granted_at: datetime
    deadline: datetime
