"""Bodies of the purchases API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from hub.schemas import Amount, CurrencyCode, Input, Name, Output, Sentence
from protocol.limits import PURCHASE_MAX_LINES, VALUE_MAX


class LineIn(Input):
    """One line; `amount` is for the whole line, after discounts, in minor units."""

    product: Name
    category: Name
    name: Sentence = ""
    quantity: Annotated[int, Field(ge=1, le=100_000)]
    amount: Amount


class PurchaseIn(Input):
    """A purchase of a member. The store's receipt number makes it unique. `points_paid` pay for a part of it."""

    store: Name
    receipt: Name
    member: UUID
    currency: CurrencyCode
    purchased_at: AwareDatetime
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=PURCHASE_MAX_LINES)]
    points_paid: Annotated[int, Field(ge=0, le=VALUE_MAX)] = 0


class PurchaseOut(Output):
    """What the purchase earned, which points paid for it and how much, and where the member stands now."""

    purchase: UUID
    points: int
    points_paid: int
    value_paid: int
    balance: int
    tier: str
    booked_at: datetime


class PartOut(Output):
    """What one rule gives to a line, and how much more it would give but for a cap."""

    rule: str
    version: int
    points: int
    cut: int


class LineOut(Output):
    """What a line would earn; `amount` is what is paid for it in money."""

    line: int
    amount: int
    points: int
    qualifying: int
    points_paid: int
    value_paid: int
    parts: list[PartOut]


class PreviewOut(Output):
    """What a purchase would earn.

    `balance` is the member's now. `usable_points` could pay for the purchase and stand for `usable_value` of money.
    """

    points: int
    qualifying: int
    points_paid: int
    value_paid: int
    tier: str
    multiplier: int
    balance: int
    usable_points: int
    usable_value: int
    lines: list[LineOut]
