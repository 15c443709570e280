"""The merges API: two members become one, and two again."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select

from hub.access import TheHub
from hub.merges.models import Merge
from hub.merges.rules import MERGED, UNMERGED
from hub.merges.schemas import MergeIn, MergeOut, MergeShown, UndoIn, UndoneOut
from hub.merges.service import MembersMerged, MergeUndone
from hub.pages import ThePage
from hub.schemas import PageOf
from hub.serving import TheBooker

router = APIRouter(prefix="/v1", tags=["members"])


@router.post("/member-merges", status_code=201, response_model=MergeOut)
async def merge(body: MergeIn, booker: TheBooker) -> dict[str, Any]:
    """Merge two members. What comes later for the merged one goes to the one that is kept."""
    return await booker.book(MERGED, MembersMerged(body.kept, body.merged, body.reason, body.phone, body.email))


@router.post("/member-merges/{merge}/undo", response_model=UndoneOut)
async def undo(merge: UUID, body: UndoIn, booker: TheBooker) -> dict[str, Any]:
    """Take a merge back, as long as what was merged is still there."""
    return await booker.book(UNMERGED, MergeUndone(merge, body.reason))


@router.get("/member-merges", response_model=PageOf[MergeShown])
def merges(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every merge, newest first."""
    with hub.database.read() as session:
        return page.of(session, select(Merge), (Merge.at, Merge.id), shown=_shown, newest_first=True)


def _shown(one: Merge) -> dict[str, Any]:
    return {
        "merge": one.id,
        "kept": one.kept,
        "merged": one.merged,
        "actor": one.actor,
        "reason": one.reason,
        "at": one.at,
        "undone_at": one.undone_at,
    }
