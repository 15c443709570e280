"""The payments API: members pay with stored value, and get it back."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from hub.payments.intake import PaymentRecorded, PaymentRefunded
from hub.payments.schemas import PaymentIn, PaymentOut, PaymentRefundIn, PaymentRefundOut
from hub.schemas import WaitingOut
from hub.serving import TheBooker

router = APIRouter(prefix="/v1", tags=["stored value"])


@router.post("/payments", status_code=201, response_model=PaymentOut)
async def pay(body: PaymentIn, booker: TheBooker) -> dict[str, Any]:
    """Pay with stored value: all of it or nothing. The same receipt is charged once, however often it comes."""
    recorded = PaymentRecorded(body.receipt, body.member, body.currency, body.amount)
    return await booker.book("payment.recorded", recorded, body.store)


@router.post(
    "/payments/{payment}/refunds",
    status_code=201,
    response_model=PaymentRefundOut,
    responses={202: {"model": WaitingOut}},
)
async def refund(payment: UUID, body: PaymentRefundIn, booker: TheBooker) -> dict[str, Any]:
    """Give some of a payment back: principal and bonus in the proportion they were taken, never more than was paid."""
    refunded = PaymentRefunded(body.receipt, body.reason, payment, body.amount)
    return await booker.book("payment.refunded", refunded, body.store)
