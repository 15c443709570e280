"""Bodies of the keys API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from hub.schemas import Input, Name, Output
from hub.staff.keys import OVERLAP_MAX_H
from hub.staff.permissions import Permission, Role


class KeyIn(Input):
    """A key to make; `stores` empty lets it act in every store, without a `role` its limits per role are 0."""

    name: Name
    permissions: Annotated[list[Permission], Field(min_length=1, max_length=len(Permission))]
    stores: Annotated[list[Name], Field(default_factory=list)]
    role: Role | None = None
    expires_at: AwareDatetime | None = None


class KeyMadeOut(Output):
    """A new key, or a new secret of one. `secret` is shown this once; it is null where the request is repeated."""

    id: UUID
    name: str
    secret: str | None


class KeyWaitingOut(Output):
    """A key that waits for a second person. Once it is made, its id stands in the answer; rotate it for its secret."""

    request: UUID
    state: str
    key: UUID | None = None


class KeyOut(Output):
    """A key, without its secret. `rotates_until` tells how long the secret before the present one still works."""

    id: UUID
    name: str
    permissions: list[str]
    stores: list[str]
    role: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    rotates_until: datetime | None
    revoked_at: datetime | None


class KeyRotateIn(Input):
    """For how long the secret before works as well."""

    overlap_hours: Annotated[int, Field(ge=0, le=OVERLAP_MAX_H)] = 24
