"""The packages API: tills sell packages, take counts for what is used, and give both back."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from msgspec import Struct

from hub.access import TheHub, TheRequestId
from hub.composition import Hub
from hub.intake import ByKey, Item
from hub.messaging.envelopes import fingerprint
from hub.packages.intake import PackageRefunded, PackageSold, PackageUsed, PackageUseRefunded
from hub.packages.schemas import SaleIn, SaleOut, SaleRefundIn, SaleRefundOut, UseIn, UseOut, UseRefundIn, UseRefundOut
from hub.schemas import Name
from hub.serving import TheServing
from protocol import codec

router = APIRouter(prefix="/v1", tags=["packages"])


@router.post("/packages/{package}/sales", status_code=201, response_model=SaleOut)
async def sell(
    package: Name, body: SaleIn, request: Request, hub: TheHub, *, serving: TheServing, request_id: TheRequestId
) -> dict[str, Any]:
    """Record that a member has bought a package; its counts can be used at once."""
    sold = PackageSold(body.receipt, package, body.member, body.currency)
    return await serving.book(_item("package.sold", sold, body.store, (request, hub, request_id)))


@router.post("/package-sales/{sale}/refund", status_code=201, response_model=SaleRefundOut)
async def refund_sale(
    sale: UUID, body: SaleRefundIn, request: Request, hub: TheHub, *, serving: TheServing, request_id: TheRequestId
) -> dict[str, Any]:
    """Take back what remains of a package: `paid_out` is the money to hand over, its share of the price."""
    refunded = PackageRefunded(body.receipt, body.reason, sale)
    return await serving.book(_item("package.refunded", refunded, body.store, (request, hub, request_id)))


@router.post("/package-uses", status_code=201, response_model=UseOut)
async def use(
    body: UseIn, request: Request, hub: TheHub, serving: TheServing, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Use counts, those that expire first before others: all of them or none."""
    used = PackageUsed(body.receipt, body.member, body.item, body.count)
    return await serving.book(_item("package.used", used, body.store, (request, hub, request_id)))


@router.post("/package-uses/{use}/refunds", status_code=201, response_model=UseRefundOut)
async def refund_use(
    use: UUID, body: UseRefundIn, request: Request, hub: TheHub, *, serving: TheServing, request_id: TheRequestId
) -> dict[str, Any]:
    """Give counts back that were used, into the very packages that they came from."""
    refunded = PackageUseRefunded(body.receipt, body.reason, use, body.count)
    return await serving.book(_item("package.use_refunded", refunded, body.store, (request, hub, request_id)))


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
