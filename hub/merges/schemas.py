"""Bodies of the merges API."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from hub.schemas import Input, Output, Sentence

Reason = Annotated[Sentence, Field(min_length=3)]
Choice = Literal["kept", "merged"]


class MergeIn(Input):
    """Two members that are one person. `phone` and `email` say from which of the two these are kept."""

    kept: UUID
    merged: UUID
    reason: Reason
    phone: Choice = "kept"
    email: Choice = "kept"


class MergeOut(Output):
    """A merge that was made; `moved` is how much of each book went to the member that is kept."""

    merge: UUID
    kept: UUID
    merged: UUID
    moved: dict[str, int]
    tier: str
    points: int


class UndoIn(Input):
    """Why a merge is taken back."""

    reason: Reason


class UndoneOut(Output):
    """A merge that was taken back; tier and points are those of the member that was kept."""

    merge: UUID
    kept: UUID
    merged: UUID
    tier: str
    points: int


class MergeShown(Output):
    """A merge in the list of them."""

    merge: UUID
    kept: UUID
    merged: UUID
    actor: str
    reason: str
    at: datetime
    undone_at: datetime | None
