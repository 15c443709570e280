"""Bodies of the API of personal data."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from hub.members.definitions import CONSOLE, Screen
from hub.schemas import Input, Language, Name, Output, Sentence

Reason = Annotated[Sentence, Field(min_length=3)]
Value = Annotated[str, Field(max_length=500)] | int | float | bool | list[Name] | None


class WhyIn(Input):
    """Why something is asked for. It is shown to others and kept, so it holds nothing personal."""

    reason: Reason


class RevealIn(WhyIn):
    """Which fields to open: personal ones by their names, the chain's own ones as `fields.NAME`.

    `screen` is where they are to be shown; own fields that are not for it are not known there.
    """

    fields: Annotated[list[Name], Field(min_length=1, max_length=50)]
    screen: Screen = CONSOLE


class RevealOut(Output):
    """Values in clear, of those fields that have one."""

    member: UUID
    values: dict[str, str]


class ProfileOut(Output):
    """What is known of a member, masked; `fields` are the chain's own that the caller's role may see."""

    member: UUID
    values: dict[str, str]
    fields: dict[str, str]


class FieldsIn(Input):
    """Values for fields that the chain has defined; null takes one away, what is not named stays."""

    values: Annotated[dict[Name, Value], Field(min_length=1, max_length=100)]


class ConsentIn(Input):
    """What a member says to a purpose. `version` is that of the words shown, `language` the one they were read in."""

    purpose: Name
    given: bool
    version: Annotated[int, Field(ge=1, le=10**9)]
    language: Language
    channel: Literal["till", "kiosk", "web", "import"]


class ConsentOut(Output):
    """What a member said. `text_version` is the version of the words and their language, `text_hash` their SHA-256."""

    id: UUID
    purpose: str
    given: bool
    text_version: str
    text_hash: str
    channel: str
    actor: str
    at: datetime


class PersonalWaitingOut(Output):
    """What waits for a second person, and what became of it."""

    request: UUID
    state: str


class ForgettingOut(Output):
    """A kiosk that knew an erased member: `waiting`, `forgotten`, or `revoked` and so without a key to what it has."""

    kiosk: str
    state: str
    forgotten_at: datetime | None


class CertificateOut(Output):
    """What became of an erasure: `erasing` until every kiosk has said that it has forgotten, then `erased`."""

    member: UUID
    state: str
    asked_by: str
    approved_by: str
    reason: str
    began_at: datetime
    done_at: datetime | None
    kiosks: list[ForgettingOut]


class PersonalExportOut(Output):
    """Everything about a member: the profile and own fields in clear, and the rows of every table by its name."""

    member: UUID
    made_at: datetime
    content: dict[str, Any]


class DestructionOut(Output):
    """Proof that data was destroyed: `digest` is the SHA-256 of the rows' ids in order, as 16 bytes each."""

    id: UUID
    kind: str
    before: datetime
    rows: int
    digest: str
    at: datetime
