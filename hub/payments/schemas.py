"""Bodies of the payments API. All money is in minor units."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.schemas import CurrencyCode, Input, Name, Output, Sentence

Money = Annotated[int, Field(gt=0, le=10**12)]


class PaymentIn(Input):
    """What a member pays with stored value. The store's receipt number makes it unique."""

    store: Name
    receipt: Name
    member: UUID
    currency: CurrencyCode
    amount: Money


class PaymentOut(Output):
    """What it was paid from, in the `order` of the policy, and what is left."""

    payment: UUID
    from_principal: int
    from_bonus: int
    order: str
    stored_value: int
    principal: int
    bonus: int
    booked_at: datetime


class PaymentRefundIn(Input):
    """How much of a payment is given back, and why."""

    store: Name
    receipt: Name
    amount: Money
    reason: Annotated[Sentence, Field(min_length=1)]


class PaymentRefundOut(Output):
    """What came back, and what there is now. `expired` is bonus that was out of date when it came back."""

    refund: UUID
    to_principal: int
    to_bonus: int
    expired: int
    stored_value: int
    principal: int
    bonus: int
    booked_at: datetime
