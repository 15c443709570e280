"""Bodies of the keys API."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Name, Output
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
