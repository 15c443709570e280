"""Bodies of the stored-value API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.schemas import CurrencyCode, Input, Name, Output


class TopUpIn(Input):
    """Money that a member has paid in, in minor units."""

    store: Name
    receipt: Name
    member: UUID
    currency: CurrencyCode
    amount: Annotated[int, Field(gt=0, le=10**12)]


class TopUpOut(Output):
    """New balances, for the receipt."""

    top_up: UUID
    stored_value: int
    balance: int
    booked_at: datetime
