"""The purchases API: tills post here."""

from typing import Any

from fastapi import APIRouter, Request

from hub.access import TheHub, TheRequestId
from hub.intake import ByKey, Item
from hub.messaging.envelopes import fingerprint
from hub.purchases.schemas import PurchaseIn, PurchaseOut
from hub.serving import TheServing
from protocol import codec
from protocol.events import PurchaseLine, PurchaseRecorded

router = APIRouter(prefix="/v1", tags=["purchases"])


@router.post("/purchases", status_code=201, response_model=PurchaseOut)
async def record_purchase(
    body: PurchaseIn, request: Request, hub: TheHub, serving: TheServing, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Record a purchase; the member earns points at once. The same receipt counts once, however often it comes."""
    recorded = PurchaseRecorded(
        receipt=body.receipt,
        member=body.member,
        currency=body.currency,
        purchased_at=body.purchased_at,
        lines=[PurchaseLine(line.product, line.category, line.quantity, line.amount, line.name) for line in body.lines],
    )
    return await serving.book(
        Item(
            id=request_id,
            kind="purchase.recorded",
            body=recorded,
            source=ByKey(request.state.key_hash),
            fingerprint=fingerprint(f"purchase.recorded@{body.store}", codec.encode(recorded)),
            occurred_at=hub.clock(),
            store=body.store,
        )
    )
