"""Bodies of the duplicates API."""

from datetime import datetime
from uuid import UUID

from hub.schemas import Input, Output


class DuplicateOut(Output):
    """Two members that may be one person, and the fields in which they agree. Names are masked."""

    first: UUID
    second: UUID
    agrees: list[str]
    names: list[str]
    found_at: datetime


class DismissIn(Input):
    """Two members that are two people."""

    first: UUID
    second: UUID
