"""Bodies of the catalogue API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.schemas import Amount, Input, Output


class RewardOut(Output):
    """A reward; `stock` is absent where it never runs out."""

    id: UUID
    names: dict[str, str]
    descriptions: dict[str, str]
    points: int
    tiers: list[str]
    offered: bool
    stock: int | None
    picture: str


class RewardChange(Input):
    """What to change of a reward; what is not given stays. A `stock` makes the reward limited."""

    points: Annotated[int, Field(gt=0, le=10**9)] | None = None
    offered: bool | None = None
    stock: Amount | None = None


class VoucherOut(Output):
    """A voucher, as the counter needs to see it."""

    code: str
    reward: dict[str, str]
    points: int
    state: str
    store: str
    redeemed_at: datetime
    handed_out_at: datetime | None
