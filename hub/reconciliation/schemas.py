"""Bodies of the reconciliation API."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Output, PageOf, Sentence


class RejectionReasonIn(Input):
    """Why somebody settles an item."""

    reason: Annotated[Sentence, Field(min_length=3)]


class DayOut(Output):
    """What one kiosk told of one day, and what became of it.

    `received` is the sum of `accepted`, `rejected` and `parked`. Of what was rejected, `open` waits for a person.
    `missing` are places of its journals, found on that day, that no one has any more; `awaited` are places that its
    last birth named and that have not come yet, of whatever day they are. Points and money are those of what was
    accepted; with `_rejected`, of what was rejected.
    """

    kiosk: str
    store: str
    day: date
    received: int
    accepted: int
    rejected: int
    parked: int
    open: int
    compensated: int
    dismissed: int
    missing: int
    awaited: int
    points_earned: int
    points_redeemed: int
    amount: int
    points_rejected: int
    amount_rejected: int


class ItemOut(Output):
    """An act of a kiosk that the hub did not take; `sentence` is what people read for its code.

    `points` and `amount` are what it would have moved. `remedy` says how it can be made good; null where it can only be
    dismissed.
    """

    id: UUID
    kiosk: str
    store: str
    member: UUID | None
    kind: str
    code: str
    sentence: str
    data: dict[str, Any]
    points: int
    amount: int
    remedy: str | None
    at: datetime
    rejected_at: datetime
    seen_at: datetime | None
    state: str
    settled_at: datetime | None
    settled_by: str
    approved_by: str
    reason: str


class ParkedOut(Output):
    """An event that waits for an upgrade or for a person, and will be tried again."""

    id: UUID
    kind: str
    code: str
    at: datetime
    epoch: UUID
    seq: int


class DayItemsOut(PageOf[ItemOut]):
    """What was rejected of a day, a page at a time, and with the first page what is parked."""

    parked: list[ParkedOut]


class CompensatedOut(Output):
    """A promise that was kept."""

    rejection: UUID
    remedy: str
    member: UUID
    points: int
    voucher: str | None
