"""Bodies of the keys and audit API."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Name, Output, PointsChange, Sentence
from hub.staff.permissions import Permission, Role


class KeyIn(Input):
    """A key to make; `stores` empty lets it act in every store, without a `role` its limits per role are 0."""

    name: Name
    permissions: Annotated[list[Permission], Field(min_length=1)]
    stores: Annotated[list[Name], Field(default_factory=list)]
    role: Role | None = None


class KeyOut(Output):
    """A new key. `secret` is shown this once."""

    id: UUID
    name: str
    secret: str


class ApprovalIn(Input):
    """A second person's word for one act: the id of the request it is for, and what that request says."""

    request: UUID
    act: Literal["adjustment"]
    member: UUID
    points: PointsChange
    reason: Annotated[Sentence, Field(min_length=1)]
    store: Name


class ApprovalOut(Output):
    """An approval that was given."""

    request: UUID
    act: str
    actor: str


class AuditOut(Output):
    """One sensitive act."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
