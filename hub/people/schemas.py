"""Bodies of the people API."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import ConfigDict, Field, StringConstraints

from hub.schemas import Credential, Input, Language, LongText, Name, Output, Secret, Sentence
from hub.staff.permissions import Permission, Role

PLACES_MAX = 500

Login = Annotated[str, StringConstraints(to_lower=True, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]{2,63}$")]
Email = Annotated[str, StringConstraints(to_lower=True, max_length=254, pattern=r"^[^@\s\x00-\x1f]+@[^@\s\x00-\x1f]+$")]
RoleName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
Places = Annotated[list[Name], Field(max_length=PLACES_MAX)]
Reason = Annotated[Sentence, Field(min_length=3)]


class PersonIn(Input):
    """Somebody who is to work here. Neither stores nor regions is the whole chain."""

    login: Login
    name: Name
    language: Language = "zh"
    email: Email | None = None
    role: RoleName
    stores: Places
    regions: Places


class PersonChange(Input):
    """What is to change about a person; what is left out stays. Stores and regions are changed together."""

    name: Name | None = None
    language: Language | None = None
    email: Email | None = None
    role: RoleName | None = None
    stores: Places | None = None
    regions: Places | None = None
    reason: Reason


class PersonReasonIn(Input):
    """Why it is done."""

    reason: Reason


class PersonOut(Output):
    """Somebody who works here."""

    id: UUID
    login: str
    name: str
    language: str
    email: str | None
    state: str
    role: str
    stores: list[str]
    regions: list[str]
    made_at: datetime


class InvitedOut(PersonOut):
    """Somebody who is invited. `invitation` is the token to pass on, shown this once; none when repeated."""

    invitation: str | None


class RoleIn(Input):
    """A role of one's own: what it may do, and the built-in role whose limits hold for it."""

    names: Annotated[dict[Language, Name], Field(min_length=1, max_length=10)]
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=len(Permission))]
    limits_as: Role | None = None


class NewRoleIn(RoleIn):
    """A role to make."""

    id: RoleName


class RoleOut(Output):
    """A role. Built-in ones have no names here: their names are in the texts of whoever shows them."""

    id: str
    is_own: bool
    names: dict[str, str]
    permissions: list[str]
    limits_as: str
    needs_second_factor: bool


class TokenIn(Input):
    """The token of an invitation."""

    token: LongText


class OpenedOut(Output):
    """What an invitation is for, and what can be set up with it.

    `login` empty means that it is to be chosen. `secret` and `address` are for codes; `passkey` goes to the browser.
    """

    login: str
    name: str
    needs_second_factor: bool
    secret: str
    address: str
    passkey: dict[str, Any] | None


class AcceptIn(Input):
    """How somebody wants to log in: a password, a passkey, or both; a code proves that codes are set up."""

    model_config = ConfigDict(str_strip_whitespace=False)

    token: LongText
    login: Login | None = None
    name: Name | None = None
    language: Language | None = None
    password: Secret | None = None
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    passkey: Credential | None = None


class AcceptedOut(Output):
    """Somebody who can log in now; the recovery codes are shown this once."""

    person: UUID
    login: str
    recovery_codes: list[str]
