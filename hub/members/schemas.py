"""Bodies of the members API."""

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field, model_validator

from hub.schemas import Input, Language, Name, Output


class MemberIn(Input):
    """Somebody who joins. A phone number may be given as it is dialled in the country of the chain."""

    name: Name
    phone: Annotated[str, Field(min_length=3, max_length=32)] | None = None
    birthday: date | None = None
    home_store: Name
    language: Language = "zh"
    source: Name = "till"


class MemberOut(Output):
    """A member, without personal data but for the masked name."""

    id: UUID
    number: str
    display_name: str
    state: str
    tier: str
    home_store: str
    language: str
    points: int
    qualifying: int
    stored_value: int
    joined_at: datetime


class FindIn(Input):
    """Find a member by exactly one of phone number and card UID; both go in the body, never in an address."""

    phone: Annotated[str, Field(min_length=3, max_length=32)] | None = None
    card: Annotated[str, Field(pattern=r"^[0-9a-f]{8,20}$")] | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> "FindIn":
        if (self.phone is None) == (self.card is None):
            raise ValueError("give either a phone or a card")
        return self


class BalanceOut(Output):
    """What a member has; `version` grows with every change."""

    member: UUID
    points: int
    qualifying: int
    stored_value: int
    version: int


class MovementOut(Output):
    """One movement of a member's points: what, how much, why, and by whom."""

    id: UUID
    kind: str
    amount: int
    actor: str
    cause: dict[str, Any]
    effective_at: datetime
    recorded_at: datetime


class TierIn(Input):
    """The tier to give a member."""

    tier: Name
    reason: Annotated[str, Field(min_length=3, max_length=200)]


class CardIn(Input):
    """A card to bind to a member."""

    uid: Annotated[str, Field(pattern=r"^([0-9a-f]{8}|[0-9a-f]{14}|[0-9a-f]{20})$")]
    technology: Annotated[str, Field(pattern=r"^(ntag424|ntag21x)$")]


class CardOut(Output):
    """A card."""

    id: UUID
    uid: str
    technology: str
    state: str
