"""Bodies of the purchases API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from hub.schemas import Amount, CurrencyCode, Input, Name, Output, Sentence
from protocol.limits import PURCHASE_MAX_LINES


class LineIn(Input):
    """One line; `amount` is for the whole line, after discounts, in minor units."""

    product: Name
    category: Name
    name: Sentence = ""
    quantity: Annotated[int, Field(ge=1, le=100_000)]
    amount: Amount


class PurchaseIn(Input):
    """A purchase of a member. The store's receipt number makes it unique."""

    store: Name
    receipt: Name
    member: UUID
    currency: CurrencyCode
    purchased_at: AwareDatetime
    lines: Annotated[list[LineIn], Field(min_length=1, max_length=PURCHASE_MAX_LINES)]


class PurchaseOut(Output):
    """What the purchase earned, and where the member stands now."""

    purchase: UUID
    points: int
    balance: int
    tier: str
    booked_at: datetime
