"""Bodies of the alerts API."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Output, Sentence


class CloseIn(Input):
    """What came of it."""

    note: Annotated[Sentence, Field(min_length=3)]


class AlertOut(Output):
    """Something odd, and who has dealt with it."""

    id: UUID
    kind: str
    severity: str
    subject: str
    store: str
    evidence: dict[str, Any]
    found_at: datetime
    state: str
    answered_by: str
    answered_at: datetime | None
    note: str


class AlertsOut(Output):
    """Alerts, the newest first."""

    items: list[AlertOut]
    next: str | None
