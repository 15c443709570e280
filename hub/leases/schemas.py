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
    """What was still lent: points, and where the member stands now, or pieces of a reward."""

    kiosk: str
    number: int
    outcome: str
    member: UUID | None
    points: int
    balance: int | None
    reward: UUID | None
    pieces: int


class RecallIn(Input):
    """Why a lease is wanted back."""

    reason: Annotated[Sentence, Field(min_length=3)]


class RecallOut(Output):
    """What still lies there, in points or pieces."""

    kiosk: str
    number: int
    rest: int


class LentOut(Output):
    """Points of a member at a kiosk; `points` are what is lent still, with a reward where they were asked for."""

    kiosk: str
    store: str
    connection: str | None
    seen_at: datetime | None
    number: int
    reward: UUID | None
    points: int
    granted_at: datetime
    deadline: datetime
    recalled_at: datetime | None


class _LoanOut(Output):
    kiosk: str
    kiosk_state: str
    number: int
    epoch: UUID
    epoch_state: str | None
    spent: int
    state: str
    granted_at: datetime
    deadline: datetime
    recalled_at: datetime | None


class LeaseOut(_LoanOut):
    """A lease; `points` are what is lent still. A kiosk that is revoked, or a journal that ended, never closes it.

    Without a state of its epoch nothing of that journal has come yet: a neighbour passed the points to it.
    """

    member: UUID
    reward: UUID | None
    points: int


class StockLeaseOut(_LoanOut):
    """Pieces of a limited reward that are lent to a kiosk; `pieces` are what is lent still."""

    reward: UUID
    pieces: int
