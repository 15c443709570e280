"""Bodies of the returns API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from hub.schemas import Amount, Input, Name, Output, Sentence
from protocol.limits import PURCHASE_MAX_LINES


class LineBack(Input):
    """What comes back of one line; `amount` is the money for it in minor units, points paid like cash among it."""

    line: Annotated[int, Field(ge=1, le=PURCHASE_MAX_LINES)]
    quantity: Annotated[int, Field(ge=0, le=100_000)]
    amount: Amount

    @model_validator(mode="after")
    def _is_something(self) -> "LineBack":
        if self.quantity + self.amount == 0:
            raise ValueError("something of the line comes back")
        return self


class ReturnIn(Input):
    """Goods that come back, on a receipt of their own.

    The purchase is named by its id, or by the store and the receipt that it was sold with.
    """

    store: Name
    receipt: Name
    purchase: UUID | None = None
    sold_in: Name | None = None
    sold_as: Name | None = None
    lines: Annotated[list[LineBack], Field(min_length=1, max_length=PURCHASE_MAX_LINES)]
    reason: Sentence = ""

    @model_validator(mode="after")
    def _names_one_purchase(self) -> "ReturnIn":
        if (self.sold_in is None) != (self.sold_as is None) or (self.purchase is None) == (self.sold_as is None):
            raise ValueError("give either the purchase, or where and as what it was sold")
        return self

    @model_validator(mode="after")
    def _names_each_line_once(self) -> "ReturnIn":
        if len({line.line for line in self.lines}) < len(self.lines):
            raise ValueError("give every line once")
        return self


class ReturnOut(Output):
    """What a return did, and where the member stands now.

    Of the points due back, `points_back` were taken, `points_owed` are a debt now and `points_forgiven` were let go.
    `points_given` are points paid like cash that the member got back; `value_given` of the money is paid with them.
    """

    id: UUID
    purchase: UUID
    points_back: int
    points_owed: int
    points_forgiven: int
    points_given: int
    value_given: int
    qualifying_back: int
    balance: int
    debt: int
    booked_at: datetime


class SoldLineOut(Output):
    """A line of a purchase, and how much of it can still come back."""

    line: int
    product: str
    category: str
    name: str
    quantity: int
    amount: int
    points: int
    qualifying: int
    points_paid: int
    value_paid: int
    quantity_left: int
    amount_left: int


class SoldOut(Output):
    """A purchase, and how much of it can still come back."""

    purchase: UUID
    store: str
    receipt: str
    member: UUID
    currency: str
    amount: int
    points: int
    points_paid: int
    value_paid: int
    purchased_at: datetime
    lines: list[SoldLineOut]
