"""The stored-value API: tills post top-ups here."""

from typing import Any

from fastapi import APIRouter, Request

from hub.access import TheHub, TheRequestId
from hub.intake import ByKey, Item
from hub.messaging.envelopes import fingerprint
from hub.serving import TheServing
from hub.wallet.intake import TopUpRecorded
from hub.wallet.schemas import TopUpIn, TopUpOut
from protocol import codec

router = APIRouter(prefix="/v1", tags=["stored value"])


@router.post("/top-ups", status_code=201, response_model=TopUpOut)
async def record_top_up(
    body: TopUpIn, request: Request, hub: TheHub, serving: TheServing, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Record money that a member has paid in."""
    recorded = TopUpRecorded(body.receipt, body.member, body.currency, body.amount)
    return await serving.book(
        Item(
            id=request_id,
            kind="top_up.recorded",
            body=recorded,
            source=ByKey(request.state.key_hash),
            fingerprint=fingerprint(f"top_up.recorded@{body.store}", codec.encode(recorded)),
            occurred_at=hub.clock(),
            store=body.store,
        )
    )
