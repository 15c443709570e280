"""Table of the receipts of stored value: top-ups, payments, refunds, packages."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class WalletReceipt(Base):
    """One till receipt that moved stored value. Within a kind, a store's receipt number is unique, so it counts once.

    `of` names the receipt that this one refunds. `amount` is money in minor units, or a count for what a package gives;
    `principal` and `bonus` say how it was split. `content` is a digest by which a repeated receipt is told from a
    contradictory one; `details` says what was sold or used.
    """

    __tablename__ = "wallet_receipts"
    __table_args__ = (
        CheckConstraint(
            "kind IN ('top_up', 'payment', 'payment_refund', 'top_up_refund', 'close',"
            " 'package_sale', 'package_use', 'package_use_refund', 'package_refund')",
            name="kind_known",
        ),
        CheckConstraint("amount >= 0 AND principal >= 0 AND bonus >= 0", name="not_negative"),
        UniqueConstraint("receipt", "store", "kind"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    store: Mapped[Code] = mapped_column(ForeignKey("stores.id"))
    receipt: Mapped[Code]
    member: Mapped[UUID] = mapped_column(index=True)
    unit: Mapped[Code]
    amount: Mapped[int]
    principal: Mapped[int]
    bonus: Mapped[int]
    of: Mapped[UUID | None] = mapped_column(index=True)
    content: Mapped[bytes] = mapped_column(LargeBinary(32))
    details: Mapped[dict[str, Any]]
    actor: Mapped[Code]
    at: Mapped[datetime]
