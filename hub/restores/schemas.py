"""Bodies of the restores API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Output, Sentence


class KioskReleaseIn(Input):
    """Why this kiosk is waited for no more."""

    reason: Annotated[Sentence, Field(min_length=3)]


class AwaitedOut(Output):
    """A kiosk that a restore waits for, or has waited for.

    `booked` of the `head` places of its journal are known here; both are null until it has come. `leases` and `points`
    are what this database knows to be lent to it.
    """

    kiosk: str
    state: str
    seen_at: datetime | None
    head: int | None
    booked: int | None
    leases: int
    points: int
    settled_at: datetime | None
    settled_by: str
    reason: str


class LostOut(Output):
    """What kiosks cannot tell again, because it came over the API: from when to when, and whether it is lost."""

    since: datetime | None
    until: datetime
    is_recoverable: bool
    note: str


class RestoreOut(Output):
    """A restore, how far it is, and what is bound meanwhile."""

    restore: UUID
    at: datetime
    newest_at: datetime | None
    is_waiting: bool
    counts: dict[str, int]
    kiosks: list[AwaitedOut]
    points_bound: int
    api_only: LostOut
