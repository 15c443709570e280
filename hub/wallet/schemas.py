"""Bodies of the stored-value API. All money is in minor units."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.schemas import CurrencyCode, Input, Name, Output, Sentence

Money = Annotated[int, Field(gt=0, le=10**12)]
Reason = Annotated[Sentence, Field(min_length=1)]


class TopUpIn(Input):
    """Money that a member has paid in."""

    store: Name
    receipt: Name
    member: UUID
    currency: CurrencyCode
    amount: Money


class TopUpOut(Output):
    """New balances, for the receipt: `stored_value` is principal and bonus together, `balance` are points.

    `gift` and `points` are what was given for this top-up.
    """

    top_up: UUID
    stored_value: int
    principal: int
    bonus: int
    gift: int
    points: int
    balance: int
    booked_at: datetime


class ReasonIn(Input):
    """A receipt that gives something back, and why."""

    store: Name
    receipt: Name
    reason: Reason


class TopUpRefundOut(Output):
    """Money to pay out, and what the member has after that.

    `forfeited` is what was lost of the gift, `gift_used` what was used of it and is taken off the money.
    """

    refund: UUID
    paid_out: int
    forfeited: int
    gift_used: int
    stored_value: int
    principal: int
    bonus: int
    booked_at: datetime


class ClosingOut(Output):
    """Money to pay out, and the bonus that is lost."""

    closing: UUID
    paid_out: int
    forfeited: int
    stored_value: int
    principal: int
    bonus: int
    booked_at: datetime


class HoldingOut(Output):
    """Some of what a member has, and when it expires."""

    amount: int
    expires_at: datetime | None


class CountOut(Output):
    """Counts of one item that a member can use."""

    item: str
    count: int
    expires_at: datetime | None


class ReceiptOut(Output):
    """One receipt, as it was booked. `of` is the receipt that it refunds."""

    id: UUID
    kind: str
    store: str
    receipt: str
    unit: str
    amount: int
    principal: int
    bonus: int
    of: UUID | None
    at: datetime


class WalletOut(Output):
    """What a member has in stored value and counts, and the last receipts, newest first."""

    member: UUID
    currency: str
    identified: bool
    principal: int
    bonus: int
    bonuses: list[HoldingOut]
    counts: list[CountOut]
    receipts: list[ReceiptOut]


class StatementLineOut(Output):
    """One movement of stored value, and what the member had after it."""

    at: datetime
    kind: str
    store: str
    receipt: str
    reason: str
    principal: int
    bonus: int
    principal_balance: int
    bonus_balance: int
    balance: int


class StatementOut(Output):
    """Every movement of a time, oldest first, and what the member had before it."""

    member: UUID
    currency: str
    principal_before: int
    bonus_before: int
    lines: list[StatementLineOut]
