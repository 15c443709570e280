"""Tables of returns."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Return(Base):
    """Goods of one purchase that came back, on a receipt of their own. The receipt's number is unique in its store.

    Of the points due back, `points_back` were taken from the member's account, `points_owed` became a debt and
    `points_forgiven` were let go; what is due besides had expired before. `points_given` are paid points that the
    member got back, `value_given` how much of `amount` they had stood for. `content` is a digest of what came back.
    """

    __tablename__ = "returns"
    __table_args__ = (UniqueConstraint("receipt", "store"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    purchase: Mapped[UUID] = mapped_column(ForeignKey("purchases.id"), index=True)
    store: Mapped[Code] = mapped_column(ForeignKey("stores.id"))
    receipt: Mapped[Code]
    member: Mapped[UUID] = mapped_column(index=True)
    amount: Mapped[int]
    points_back: Mapped[int]
    points_owed: Mapped[int]
    points_forgiven: Mapped[int]
    points_given: Mapped[int]
    value_given: Mapped[int]
    qualifying_back: Mapped[int]
    content: Mapped[bytes] = mapped_column(LargeBinary(32))
    reason: Mapped[str]
    returned_at: Mapped[datetime]
    actor: Mapped[Code]


class ReturnLine(Base):
    """What came back of one line in the return `of`: what was due back for it, and which paid points it gave back."""

    __tablename__ = "return_lines"

    of: Mapped[UUID] = mapped_column(ForeignKey("returns.id"), primary_key=True)
    line: Mapped[int] = mapped_column(primary_key=True)
    purchase: Mapped[UUID] = mapped_column(index=True)
    quantity: Mapped[int]
    amount: Mapped[int]
    points: Mapped[int]
    qualifying: Mapped[int]
    points_given: Mapped[int]
