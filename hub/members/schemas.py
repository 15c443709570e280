"""Bodies of the members API."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field, model_validator

from hub.schemas import Input, Language, Name, Output, Sentence


class MemberIn(Input):
    """Somebody who joins. A phone number may be given as it is dialled in the country of the chain."""

    name: Name
    phone: Annotated[str, Field(min_length=3, max_length=32)] | None = None
    birthday: date | None = None
    home_store: Name
    language: Language = "zh"
    source: Name = "till"


class MemberOut(Output):
    """A member, without personal data but for the masked name.

    `merged_from` is told where one member is shown: who was merged into it, and whose history stays under their ids.
    """

    id: UUID
    number: str
    display_name: str
    state: str
    tier: str
    identified: bool
    home_store: str
    language: str
    points: int
    lent: int
    pending: int
    pending_at: datetime | None
    expiring: int
    expiring_at: datetime | None
    qualifying: int
    debt: int
    stored_value: int
    bonus: int
    joined_at: datetime
    merged_from: Annotated[list[UUID], Field(default_factory=list)]


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
    """What a member has; `version` grows with every change.

    `points` and `stored_value` (`principal` and `bonus` together) can be spent now, `pending` points later: the first
    of them from `pending_at` on. `expiring` are those of `points` that expire soon, the first of them at `expiring_at`.
    `debt` is how many points the member owes, `lent` the part of `points` that lies at kiosks, ready for the member
    there; it is called back where it is wanted elsewhere.
    """

    member: UUID
    points: int
    lent: int
    pending: int
    pending_at: datetime | None
    expiring: int
    expiring_at: datetime | None
    qualifying: int
    debt: int
    stored_value: int
    principal: int
    bonus: int
    version: int


class TierIn(Input):
    """The tier to give a member."""

    tier: Name
    reason: Annotated[str, Field(min_length=3, max_length=200)]


class IdentifiedIn(Input):
    """What proof of identity was seen. Its kind only: the number of a document is personal and stays out of it."""

    reason: Annotated[Sentence, Field(min_length=3)]


Text = Annotated[str, Field(max_length=500)]


class MemberPatch(Input):
    """What is to change of a member: fields that are not named stay, null takes a value away."""

    name: Text | None = None
    phone: Text | None = None
    email: Text | None = None
    birthday: Text | None = None
    gender: Text | None = None
    address: Text | None = None
    identity_number: Text | None = None
    bank_account: Text | None = None
    home_store: Name | None = None
    language: Language | None = None

    @model_validator(mode="after")
    def _something(self) -> "MemberPatch":
        if not self.model_fields_set:
            raise ValueError("name a field to change")
        if any(name in self.model_fields_set and getattr(self, name) is None for name in ("home_store", "language")):
            raise ValueError("home store and language cannot be taken away")
        return self


class StateIn(Input):
    """Why a member is to take part no more, or again."""

    reason: Annotated[Sentence, Field(min_length=3)]


class SearchIn(Input):
    """Look members up by exactly one of these. They go in the body, never in an address."""

    name: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    number: Name | None = None
    phone: Annotated[str, Field(min_length=3, max_length=32)] | None = None
    email: Annotated[str, Field(min_length=3, max_length=254)] | None = None
    card: Annotated[str, Field(pattern=r"^[0-9a-f]{8,20}$")] | None = None

    @model_validator(mode="after")
    def _one(self) -> "SearchIn":
        if len(self.model_fields_set) != 1:
            raise ValueError("look up by exactly one thing")
        return self


class MemberFound(Output):
    """A member in a list: personal data masked. `merged_into` says who stands for a member that was merged."""

    id: UUID
    number: str
    state: str
    home_store: str
    name: str
    phone: str
    email: str
    merged_into: UUID | None
    joined_at: datetime
