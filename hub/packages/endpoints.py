"""The packages API: tills sell packages, take counts for what is used, and give both back."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter

from hub.packages.intake import PackageRefunded, PackageSold, PackageUsed, PackageUseRefunded
from hub.packages.schemas import SaleIn, SaleOut, SaleRefundIn, SaleRefundOut, UseIn, UseOut, UseRefundIn, UseRefundOut
from hub.schemas import Name
from hub.serving import TheBooker

router = APIRouter(prefix="/v1", tags=["packages"])


@router.post("/packages/{package}/sales", status_code=201, response_model=SaleOut)
async def sell(package: Name, body: SaleIn, booker: TheBooker) -> dict[str, Any]:
    """Record that a member has bought a package; its counts can be used at once."""
    sold = PackageSold(body.receipt, package, body.member, body.currency)
    return await booker.book("package.sold", sold, body.store)


@router.post("/package-sales/{sale}/refund", status_code=201, response_model=SaleRefundOut)
async def refund_sale(sale: UUID, body: SaleRefundIn, booker: TheBooker) -> dict[str, Any]:
    """Take back what remains of a package: `paid_out` is the money to hand over, its share of the price."""
    refunded = PackageRefunded(body.receipt, body.reason, sale)
    return await booker.book("package.refunded", refunded, body.store)


@router.post("/package-uses", status_code=201, response_model=UseOut)
async def use(body: UseIn, booker: TheBooker) -> dict[str, Any]:
    """Use counts, those that expire first before others: all of them or none."""
    used = PackageUsed(body.receipt, body.member, body.item, body.count)
    return await booker.book("package.used", used, body.store)


@router.post("/package-uses/{use}/refunds", status_code=201, response_model=UseRefundOut)
async def refund_use(use: UUID, body: UseRefundIn, booker: TheBooker) -> dict[str, Any]:
    """Give counts back that were used, into the very packages that they came from."""
    refunded = PackageUseRefunded(body.receipt, body.reason, use, body.count)
    return await booker.book("package.use_refunded", refunded, body.store)
