"""The base of what comes in over HTTP, and types that several domains use."""

from typing import Annotated, Generic, Literal, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from protocol.limits import TEXT_MAX_CHARS, TOKEN_MAX_CHARS


class Input(BaseModel):
    """A body that a caller sends. What it does not know is a mistake and is refused."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)


class Output(BaseModel):
    """A body that we send."""

    model_config = ConfigDict(frozen=True)


class WaitingOut(Output):
    """An act that waits for a second person; the same request can be sent again to learn what became of it."""

    request: UUID
    state: str


AMOUNT_MAX_MINOR = 10**9
"""Largest amount of one line; a hundred of them, at any rate, stay far below what a balance may be."""

Name = Annotated[str, Field(min_length=1, max_length=TOKEN_MAX_CHARS, pattern=r"^[^\x00-\x1f\x7f]+$")]
Sentence = Annotated[str, Field(max_length=TEXT_MAX_CHARS, pattern=r"^[^\x00-\x1f\x7f]*$")]
CurrencyCode = Annotated[str, Field(pattern=r"^[A-Z]{3}$")]
Amount = Annotated[int, Field(ge=0, le=AMOUNT_MAX_MINOR)]
PointsChange = Annotated[int, Field(ge=-AMOUNT_MAX_MINOR, le=AMOUNT_MAX_MINOR)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]


Item = TypeVar("Item")


class PageOf(Output, Generic[Item]):
    """One page of a list. `next` is the `cursor` of the page after it; null on the last one."""

    items: list[Item]
    next: str | None


LongText = Annotated[str, Field(min_length=1, max_length=4_096)]
"""A ticket, a token, or a part of what a passkey answers."""

Secret = Annotated[str, Field(min_length=1, max_length=256)]


class Answer(Input):
    """What the browser says about one use of a passkey; what else it says is not needed."""

    model_config = ConfigDict(extra="ignore")

    clientDataJSON: LongText  # noqa: N815 - the standard's name
    attestationObject: LongText | None = None  # noqa: N815
    authenticatorData: LongText | None = None  # noqa: N815
    signature: LongText | None = None
    userHandle: LongText | None = None  # noqa: N815


class Credential(Input):
    """A passkey's answer, as `PublicKeyCredential.toJSON()` gives it."""

    model_config = ConfigDict(extra="ignore")

    id: LongText
    rawId: LongText  # noqa: N815
    type: Literal["public-key"]
    response: Answer
