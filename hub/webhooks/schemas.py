"""Bodies of the webhooks API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import AwareDatetime, Field

from hub.schemas import Input, Output, Sentence
from hub.webhooks.rules import Event

URL_MAX_CHARS = 1_000
OVERLAP_MAX_H = 7 * 24

Url = Annotated[str, Field(min_length=1, max_length=URL_MAX_CHARS, pattern=r"^[\x21-\x7e]+$")]


class WebhookIn(Input):
    """An address to be told of events; `events` empty means all of them."""

    url: Url
    description: Sentence = ""
    events: Annotated[list[Event], Field(default_factory=list, max_length=len(Event))]


class WebhookChange(Input):
    """What is to change of an endpoint; what is left out stays as it is."""

    url: Url | None = None
    description: Sentence | None = None
    events: Annotated[list[Event] | None, Field(max_length=len(Event))] = None
    state: Literal["active", "disabled"] | None = None


class WebhookOut(Output):
    """An endpoint. `failing_since` tells since when nothing has reached it."""

    id: UUID
    url: str
    description: str
    events: list[str]
    state: str
    failing_since: datetime | None
    created_at: datetime


class WebhookMadeOut(WebhookOut):
    """A new endpoint. `secret` is shown this once; it is null where the request is repeated."""

    secret: str | None


class SecretRotateIn(Input):
    """For how long the secret before signs as well."""

    overlap_hours: Annotated[int, Field(ge=0, le=OVERLAP_MAX_H)] = 24


class SecretOut(Output):
    """A new secret. It is shown this once, and null where the request is repeated."""

    id: UUID
    secret: str | None


class TestOut(Output):
    """The message that was sent to try an endpoint."""

    message: UUID


class ReplayIn(Input):
    """What is sent again: one message, or what happened from one moment to before another."""

    message: UUID | None = None
    since: AwareDatetime | None = None
    until: AwareDatetime | None = None


class ReplayOut(Output):
    """How many messages are sent again."""

    messages: int


class DeliveryOut(Output):
    """A message on its way to an endpoint. `status` is that of the last answer; `problem` says why there was none."""

    message: UUID
    event: str
    state: str
    attempts: int
    made_at: datetime
    due_at: datetime | None
    last_at: datetime | None
    status: int | None
    problem: str
