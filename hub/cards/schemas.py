"""Bodies of the cards API."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Output


class CardIn(Input):
    """A card to bind to a member."""

    uid: Annotated[str, Field(pattern=r"^([0-9a-f]{8}|[0-9a-f]{14}|[0-9a-f]{20})$")]
    technology: Annotated[str, Field(pattern=r"^(ntag424|ntag21x)$")]


class CardOut(Output):
    """A card."""

    id: UUID
    uid: str
    technology: str
    state: str
