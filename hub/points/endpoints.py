"""The points API: what staff and members do with points by hand."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from msgspec import Struct

from hub.access import TheHub, TheRequestId
from hub.composition import Hub
from hub.intake import ByKey, Item
from hub.messaging.envelopes import fingerprint
from hub.points.intake import ADJUSTED, TRANSFERRED, PointsAdjusted, PointsTransferred
from hub.points.schemas import AdjustmentIn, AdjustmentOut, PointsTransferIn, PointsTransferOut
from hub.serving import TheServing
from protocol import codec

router = APIRouter(prefix="/v1", tags=["points"])


@router.post("/members/{member}/adjustments", status_code=201, response_model=AdjustmentOut)
async def adjust(
    member: UUID, body: AdjustmentIn, request: Request, hub: TheHub, *, serving: TheServing, request_id: TheRequestId
) -> dict[str, Any]:
    """Give a member points, or take them. Beyond the limit of the key's role a second person approves it first."""
    adjusted = PointsAdjusted(member, body.points, body.reason)
    return await serving.book(_item(ADJUSTED, adjusted, body.store, (request, hub, request_id)))


@router.post("/points-transfers", status_code=201, response_model=PointsTransferOut)
async def pass_on(
    body: PointsTransferIn, request: Request, hub: TheHub, serving: TheServing, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Pass a member's points on to another member."""
    transferred = PointsTransferred(body.sender, body.recipient, body.points, body.message)
    return await serving.book(_item(TRANSFERRED, transferred, body.store, (request, hub, request_id)))


def _item(kind: str, body: Struct, store: str, call: tuple[Request, Hub, UUID]) -> Item:
    request, hub, request_id = call
    return Item(
        id=request_id,
        kind=kind,
        body=body,
        source=ByKey(request.state.key_hash),
        fingerprint=fingerprint(f"{kind}@{store}", codec.encode(body)),
        occurred_at=hub.clock(),
        store=store,
    )
