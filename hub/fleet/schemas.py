"""Bodies of the fleet API."""

from datetime import datetime
from typing import Any
from uuid import UUID

from hub.schemas import Output


class StoreOut(Output):
    """A store."""

    id: str
    names: dict[str, str]
    region: str


class StreamOut(Output):
    """One epoch of a kiosk's journal, and how far it is booked."""

    epoch: UUID
    state: str
    upto: int


class KioskOut(Output):
    """A kiosk, when it was last heard of and how it was then."""

    id: str
    store: str
    state: str
    connection: str
    seen_at: datetime | None
    heartbeat: dict[str, Any]
    streams: list[StreamOut]


class GapOut(Output):
    """Events of a journal, `first` to `last`, that nobody has any more."""

    epoch: UUID
    first: int
    last: int
    found_at: datetime


class RetriedOut(Output):
    """What became of parked events that were tried again; what is in neither figure stays parked."""

    tried: int
    applied: int
    rejected: int
