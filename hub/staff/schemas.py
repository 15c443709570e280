"""Bodies of the keys and audit API."""

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Name, Output
from hub.staff.permissions import Permission


class KeyIn(Input):
    """A key to make; `stores` empty lets it act in every store."""

    name: Name
    permissions: Annotated[list[Permission], Field(min_length=1)]
    stores: Annotated[list[Name], Field(default_factory=list)]


class KeyOut(Output):
    """A new key. `secret` is shown this once."""

    id: UUID
    name: str
    secret: str


class AuditOut(Output):
    """One sensitive act."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]
