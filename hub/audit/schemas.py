"""Bodies of the audit API."""

from datetime import UTC, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from hub.schemas import Output

Moment = Annotated[AwareDatetime, Field(ge=datetime(2000, 1, 1, tzinfo=UTC), le=datetime(2200, 1, 1, tzinfo=UTC))]
"""A moment that can be asked for; what lies beyond these years cannot be brought into every zone."""


class AuditOut(Output):
    """One sensitive act; `hash` chains it to the one before, under a key of that name; see docs/audit.md."""

    number: int
    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
    reason: str
    source: str
    key: str | None
    hash: str


class AuditsOut(Output):
    """Sensitive acts, the newest first."""

    items: list[AuditOut]
    next: str | None
