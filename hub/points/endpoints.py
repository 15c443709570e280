"""The points API: what staff and members do with points by hand."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from hub.points.intake import ADJUSTED, TRANSFERRED, PointsAdjusted, PointsTransferred
from hub.points.schemas import AdjustmentIn, AdjustmentOut, PointsTransferIn, PointsTransferOut
from hub.schemas import WaitingOut
from hub.serving import TheBooker

router = APIRouter(prefix="/v1", tags=["points"])


@router.post(
    "/members/{member}/adjustments",
    status_code=201,
    response_model=AdjustmentOut,
    responses={202: {"model": WaitingOut}},
)
async def adjust(member: UUID, body: AdjustmentIn, booker: TheBooker) -> dict[str, Any]:
    """Give a member points, or take them. Beyond the limit of the role it waits for a second person."""
    adjusted = PointsAdjusted(member, body.points, body.reason)
    return await booker.book(ADJUSTED, adjusted, body.store)


@router.post("/points-transfers", status_code=201, response_model=PointsTransferOut)
async def pass_on(body: PointsTransferIn, booker: TheBooker) -> dict[str, Any]:
    """Pass a member's points on to another member."""
    transferred = PointsTransferred(body.sender, body.recipient, body.points, body.message)
    return await booker.book(TRANSFERRED, transferred, body.store)
