"""The purchases API: tills post here."""

from typing import Any

from fastapi import APIRouter

from hub.access import TheHub, ThePrincipal
from hub.leases import recalls
from hub.problems import ProblemError
from hub.purchases.checkout import PurchasePosted
from hub.purchases.preview import preview
from hub.purchases.schemas import PreviewOut, PurchaseIn, PurchaseOut
from hub.serving import TheBooker
from protocol.errors import ErrorCode
from protocol.events import PurchaseLine

router = APIRouter(prefix="/v1", tags=["purchases"])


@router.post("/purchases", status_code=201, response_model=PurchaseOut)
async def record_purchase(body: PurchaseIn, booker: TheBooker) -> dict[str, Any]:
    """Record a purchase; the member earns points at once. The same receipt counts once, however often it comes."""
    posted = _posted(body)
    told = await booker.book("purchase.recorded", posted, body.store)
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
        if isinstance(found, tuple) and found[0] is ErrorCode.POINTS_SHORT:
            # Booking would call back what lies at kiosks, or say where it is.
            would = recalls.looked_up(session, body.member, found[1]["short"], hub.clock())
            found = would.code or ErrorCode.POINTS_SHORT, would.result
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
