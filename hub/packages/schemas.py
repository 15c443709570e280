"""Bodies of the packages API. Money is in minor units."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.schemas import CurrencyCode, Input, Name, Output, Sentence

Count = Annotated[int, Field(gt=0, le=1_000_000)]
Reason = Annotated[Sentence, Field(min_length=1)]


class SaleIn(Input):
    """A package that a member has bought and paid for at the till."""

    store: Name
    receipt: Name
    member: UUID
    currency: CurrencyCode


class SaleOut(Output):
    """What was bought, and how many of each of its items the member has now."""

    sale: UUID
    price: int
    items: dict[str, int]
    expires_at: datetime | None
    counts: dict[str, int]
    booked_at: datetime


class UseIn(Input):
    """Counts that a member uses."""

    store: Name
    receipt: Name
    member: UUID
    item: Name
    count: Count


class UseOut(Output):
    """What was used, and what is left."""

    use: UUID
    item: str
    count: int
    left: int
    booked_at: datetime


class UseRefundIn(Input):
    """How many of the counts that were used are given back, and why."""

    store: Name
    receipt: Name
    count: Count
    reason: Reason


class UseRefundOut(Output):
    """What came back, and what there is now. Counts that were out of date when they came back have `expired`."""

    refund: UUID
    item: str
    count: int
    expired: int
    left: int
    booked_at: datetime


class SaleRefundIn(Input):
    """Why a package is taken back."""

    store: Name
    receipt: Name
    reason: Reason


class SaleRefundOut(Output):
    """Money to pay out, and the counts that it is for."""

    refund: UUID
    paid_out: int
    items: dict[str, int]
    booked_at: datetime
