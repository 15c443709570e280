"""Bodies of the sessions API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import ConfigDict, Field, model_validator

from hub.schemas import Credential, Input, LongText, Output, Secret


class LogInIn(Input):
    """A log-in by password. With `cookie` the token comes as a cookie that scripts cannot read."""

    model_config = ConfigDict(str_strip_whitespace=False)

    login: Secret
    password: Secret
    cookie: bool = False


class ProofIn(Input):
    """Exactly one way to prove that it is you."""

    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    recovery_code: Annotated[str, Field(min_length=16, max_length=32)] | None = None
    passkey: Credential | None = None

    @model_validator(mode="after")
    def _one(self) -> "ProofIn":
        if sum(part is not None for part in (self.code, self.recovery_code, self.passkey)) != 1:
            raise ValueError("give exactly one proof")
        return self


class SecondFactorIn(ProofIn):
    """The second step of a log-in."""

    ticket: LongText
    cookie: bool = False


class PasskeyLogInIn(Input):
    """A log-in by passkey alone."""

    passkey: Credential
    cookie: bool = False


class ConfirmIn(Input):
    """Proof that it is still you, as when logging in: the password, with a code where you have codes; or a passkey."""

    model_config = ConfigDict(str_strip_whitespace=False)

    password: Secret | None = None
    code: Annotated[str, Field(pattern=r"^[0-9]{6}$")] | None = None
    passkey: Credential | None = None

    @model_validator(mode="after")
    def _whole(self) -> "ConfirmIn":
        if (self.passkey is None) == (self.password is None) or (self.code is not None and self.password is None):
            raise ValueError("give the password, with or without a code, or a passkey")
        return self


class ConfirmedOut(Output):
    """The token that the session has from now on, unless it came as a cookie. The one before counts no more."""

    token: str | None


class StaffSessionOut(Output):
    """A session of a person."""

    id: UUID
    method: str
    source: str
    made_at: datetime
    seen_at: datetime
    ends_at: datetime


class OwnSessionOut(StaffSessionOut):
    """One of one's own sessions; `is_present` is the one that asks."""

    is_present: bool


class LoggedInOut(Output):
    """Where a log-in stands.

    `open`: the session's token, unless it came as a cookie. `second_factor`: a ticket for the next step, and what can
    be used for it; passkeys by the ids that browsers know them by.
    """

    state: Literal["open", "second_factor"]
    session: UUID | None
    person: UUID | None
    token: str | None
    ends_at: datetime | None
    ticket: str | None
    factors: list[str]
    passkeys: list[str]


class ChallengeOut(Output):
    """What to hand to the browser's `navigator.credentials`."""

    options: dict[str, Any]


class PasskeyOut(Output):
    """A passkey of one's own."""

    id: UUID
    name: str
    made_at: datetime


class SessionOut(Output):
    """The session that this request comes with, and what its person may do where."""

    id: UUID
    person: UUID
    login: str
    name: str
    language: str
    role: str
    permissions: list[str]
    stores: list[str] | None
    method: str
    made_at: datetime
    ends_at: datetime
    confirmed_at: datetime
    passkeys: list[PasskeyOut]
