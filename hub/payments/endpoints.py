"""The payments API: members pay with stored value, and get it back."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from msgspec import Struct

from hub.access import TheHub, TheRequestId
from hub.composition import Hub
from hub.intake import ByKey, Item
from hub.messaging.envelopes import fingerprint
from hub.payments.intake import PaymentRecorded, PaymentRefunded
from hub.payments.schemas import PaymentIn, PaymentOut, PaymentRefundIn, PaymentRefundOut
from hub.serving import TheServing
from protocol import codec

router = APIRouter(prefix="/v1", tags=["stored value"])


@router.post("/payments", status_code=201, response_model=PaymentOut)
async def pay(
    body: PaymentIn, request: Request, hub: TheHub, serving: TheServing, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Pay with stored value: all of it or nothing. The same receipt is charged once, however often it comes."""
    recorded = PaymentRecorded(body.receipt, body.member, body.currency, body.amount)
    return await serving.book(_item("payment.recorded", recorded, body.store, (request, hub, request_id)))


@router.post("/payments/{payment}/refunds", status_code=201, response_model=PaymentRefundOut)
async def refund(
    payment: UUID,
    body: PaymentRefundIn,
    request: Request,
    hub: TheHub,
    *,
    serving: TheServing,
    request_id: TheRequestId,
) -> dict[str, Any]:
    """Give some of a payment back: principal and bonus in the proportion they were taken, never more than was paid."""
    refunded = PaymentRefunded(body.receipt, body.reason, payment, body.amount)
    return await serving.book(_item("payment.refunded", refunded, body.store, (request, hub, request_id)))


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
