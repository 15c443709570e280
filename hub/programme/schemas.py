"""Bodies of the programme API."""

from typing import Annotated

from pydantic import Field

from hub.schemas import Input, Output


class EarningIn(Input):
    """`points` for every `per_minor` of money spent, valid for so many months."""

    points: Annotated[int, Field(gt=0, le=1_000_000)]
    per_minor: Annotated[int, Field(gt=0, le=100_000_000)]
    valid_months: Annotated[int, Field(ge=1, le=120)] = 12


class TierOut(Output):
    """One tier, from `threshold` qualifying points on; `multiplier` is in basis points."""

    tier: str
    names: dict[str, str]
    threshold: int
    multiplier: int


class ProgrammeOut(Output):
    """The rules in force."""

    currency: str
    earn_points: int
    earn_per: int
    tiers: list[TierOut]
