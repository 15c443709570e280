"""Tables of purchases."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Purchase(Base):
    """One purchase. A store's receipt number is unique, so the same receipt never counts twice.

    `points_paid` is how many points were given for it like cash, `value_paid` how much of `amount` they stood for.
    `content` is a digest of what was bought, by which a repeated receipt is told from a contradictory one.
    """

    __tablename__ = "purchases"
    __table_args__ = (
        UniqueConstraint("receipt", "store"),
        # Most purchases come in its order, so a summary of blocks is enough.
        Index("ix_purchases_purchased_at", "purchased_at", postgresql_using="brin"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    store: Mapped[Code] = mapped_column(ForeignKey("stores.id"))
    receipt: Mapped[Code]
    member: Mapped[UUID] = mapped_column(index=True)
    currency: Mapped[Code]
    amount: Mapped[int]
    points: Mapped[int]
    points_paid: Mapped[int]
    value_paid: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary(32))
    purchased_at: Mapped[datetime]
    actor: Mapped[Code]


class PurchaseLine(Base):
    """One line. Its points are fixed here at the sale, so that a return never has to work them out again.

    Points paid like cash, and the money they stood for, are shared out over the lines.
    """

    __tablename__ = "purchase_lines"

    purchase: Mapped[UUID] = mapped_column(primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    product: Mapped[Code]
    category: Mapped[Code]
    name: Mapped[str]
    quantity: Mapped[int]
    amount: Mapped[int]
    points: Mapped[int]
    qualifying: Mapped[int]
    points_paid: Mapped[int]
    value_paid: Mapped[int]
