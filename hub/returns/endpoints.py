"""The returns API: tills post here, and see what of a purchase can still come back."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal
from hub.problems import ProblemError
from hub.purchases.models import Purchase
from hub.returns import queries
from hub.returns.intake import LineReturned, PurchaseReturned
from hub.returns.schemas import ReturnIn, ReturnOut, SoldOut
from hub.serving import TheBooker
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1", tags=["purchases"])


@router.post("/returns", status_code=201, response_model=ReturnOut)
async def record_return(body: ReturnIn, booker: TheBooker) -> dict[str, Any]:
    """Record goods that come back, line by line. Points go back as they were fixed at the sale."""
    returned = PurchaseReturned(
        receipt=body.receipt,
        lines=[LineReturned(line.line, line.quantity, line.amount) for line in body.lines],
        purchase=body.purchase,
        sold_in=body.sold_in or "",
        sold_as=body.sold_as or "",
        reason=body.reason,
    )
    return await booker.book("purchase.returned", returned, body.store)


@router.get("/purchases/{purchase}", response_model=SoldOut)
def show(purchase: UUID, hub: TheHub) -> dict[str, Any]:
    """A purchase, and what of it can still come back."""
    with hub.database.read() as session:
        return _shown(session, session.get(Purchase, purchase))


@router.get("/stores/{store}/purchases/{receipt}", response_model=SoldOut)
def find(store: str, receipt: str, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """A purchase by the receipt that it was sold with."""
    refusal = principal.store_refusal(store)
    if refusal is not None:
        raise ProblemError(refusal)
    query = select(Purchase).where(Purchase.receipt == receipt, Purchase.store == store)
    with hub.database.read() as session:
        return _shown(session, session.execute(query).scalar_one_or_none())


def _shown(session: Session, purchase: Purchase | None) -> dict[str, Any]:
    if purchase is None:
        raise ProblemError(ErrorCode.PURCHASE_UNKNOWN)
    return {
        "purchase": purchase.id,
        "store": purchase.store,
        "receipt": purchase.receipt,
        "member": purchase.member,
        "currency": purchase.currency,
        "amount": purchase.amount,
        "points": purchase.points,
        "points_paid": purchase.points_paid,
        "value_paid": purchase.value_paid,
        "purchased_at": purchase.purchased_at,
        "lines": [
            {
                **line._mapping,  # noqa: SLF001 - the public name of it in SQLAlchemy
                "quantity_left": line.quantity - line.quantity_back,
                "amount_left": line.amount - line.amount_back,
            }
            for line in queries.lines(session, [purchase.id])
        ],
    }
