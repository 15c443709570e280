"""Bodies of the programme API."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field

from hub.schemas import Input, Output


class TermIn(Input):
    """A new version of a rule or policy, and why it is made."""

    document: dict[str, Any]
    reason: Annotated[str, Field(max_length=500)] = ""


class TermOut(Output):
    """One version of a rule or policy."""

    name: str
    version: int
    document: dict[str, Any]
    withdrawn: bool
    made_by: str
    made_at: datetime
    reason: str


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
