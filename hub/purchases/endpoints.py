"""The purchases API: tills post here."""

from typing import Any

from fastapi import APIRouter, Request

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.intake import ByKey, Item
from hub.messaging.envelopes import fingerprint
from hub.problems import ProblemError
from hub.purchases.checkout import PurchasePosted
from hub.purchases.preview import preview
from hub.purchases.schemas import PreviewOut, PurchaseIn, PurchaseOut
from hub.serving import TheServing
from protocol import codec
from protocol.events import PurchaseLine

router = APIRouter(prefix="/v1", tags=["purchases"])


@router.post("/purchases", status_code=201, response_model=PurchaseOut)
async def record_purchase(
    body: PurchaseIn, request: Request, hub: TheHub, serving: TheServing, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Record a purchase; the member earns points at once. The same receipt counts once, however often it comes."""
    posted = _posted(body)
    told = await serving.book(
        Item(
            id=request_id,
            kind="purchase.recorded",
            body=posted,
            source=ByKey(request.state.key_hash),
            fingerprint=fingerprint(f"purchase.recorded@{body.store}", codec.encode(posted)),
            occurred_at=hub.clock(),
            store=body.store,
        )
    )
    # What was booked before points could pay was told without these two.
    return {"points_paid": 0, "value_paid": 0, **told}


@router.post("/purchases/preview", response_model=PreviewOut)
def preview_purchase(body: PurchaseIn, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """Tell what a purchase would earn if it were booked now. Nothing is booked, and its receipt may be known."""
    refused = principal.store_refusal(body.store)
    if refused is not None:
        raise ProblemError(refused)
    with hub.database.read() as session:
        found = preview(session, _posted(body), body.store, hub.clock())
    if isinstance(found, tuple):
        code, data = found
        raise ProblemError(code, **data)
    return found


def _posted(body: PurchaseIn) -> PurchasePosted:
    return PurchasePosted(
        receipt=body.receipt,
        member=body.member,
        currency=body.currency,
        purchased_at=body.purchased_at,
        lines=[PurchaseLine(line.product, line.category, line.quantity, line.amount, line.name) for line in body.lines],
        points_paid=body.points_paid,
    )
