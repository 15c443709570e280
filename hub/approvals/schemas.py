"""Bodies of the approvals API."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Output, Sentence


class ApproveIn(Input):
    """A yes, and what there is to say about it."""

    note: Sentence = ""


class RefuseIn(Input):
    """A no, and why."""

    note: Annotated[Sentence, Field(min_length=1)]


class ApprovalOut(Output):
    """A request that waits for a second person, or waited; `code` says why what was approved could not be done."""

    request: UUID
    kind: str
    state: str
    store: str
    subject: str
    amount: int
    alone_max: int
    reason: str
    asked_by: str
    asked_at: datetime
    lapses_at: datetime
    decided_by: str
    decided_at: datetime | None
    note: str
    code: str | None
    result: dict[str, Any]


class ApprovalsOut(Output):
    """Requests, the oldest first."""

    items: list[ApprovalOut]
    next: str | None
