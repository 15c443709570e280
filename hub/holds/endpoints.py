"""The holds API: tills and the console reserve value here, spend it or give it back."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from hub.access import TheHub, ThePrincipal
from hub.holds import queries
from hub.holds.rules import HoldState
from hub.holds.schemas import CaptureIn, HoldIn, HoldOut, ReleaseIn
from hub.holds.service import CAPTURED, PLACED, RELEASED, HoldCaptured, HoldPlaced, HoldReleased, shown
from hub.members.models import Member
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.schemas import PageOf
from hub.serving import TheBooker
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1", tags=["holds"])


@router.post("/holds", status_code=201, response_model=HoldOut)
async def place(body: HoldIn, booker: TheBooker) -> dict[str, Any]:
    """Hold value of a member until it is captured, released, or its time runs out."""
    placed = HoldPlaced(body.member, body.book, body.amount, body.minutes)
    return await booker.book(PLACED, placed, body.store)


@router.post("/holds/{hold}/capture", response_model=HoldOut)
async def capture(hold: UUID, body: CaptureIn, booker: TheBooker) -> dict[str, Any]:
    """Spend what is held, or a part of it; the rest is given back."""
    captured = HoldCaptured(hold, body.amount, body.receipt)
    return await booker.book(CAPTURED, captured, body.store)


@router.post("/holds/{hold}/release", response_model=HoldOut)
async def release(hold: UUID, body: ReleaseIn, booker: TheBooker) -> dict[str, Any]:
    """Give back what is held."""
    return await booker.book(RELEASED, HoldReleased(hold), body.store)


@router.get("/holds/{hold}", response_model=HoldOut)
def show(hold: UUID, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Show a hold to the store that placed it."""
    with hub.database.read() as session:
        found = [HoldState(*row) for row in queries.hold(session, hold)]
    if not found:
        raise ProblemError(ErrorCode.HOLD_UNKNOWN)
    refusal = principal.store_refusal(found[0].store)
    if refusal is not None:
        raise ProblemError(refusal)
    return shown(found[0])


@router.get("/members/{member}/holds", response_model=PageOf[HoldOut])
def show_holds(member: UUID, hub: TheHub, page: ThePage) -> dict[str, Any]:
    """A member's holds, newest first."""
    with hub.database.read() as session:
        if session.get(Member, member) is None:
            raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
        return page.of(
            session,
            queries.of_member(member),
            queries.BY_TIME,
            shown=lambda row: shown(HoldState(*row)),
            newest_first=True,
        )
