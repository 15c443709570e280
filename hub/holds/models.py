"""Table of holds."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Hold(Base):
    """Value of a member that is reserved until a deadline. `book` says which: points, money, or a count.

    What is held lies in ledger accounts of the hold's own, one for each account that it was taken from.
    """

    __tablename__ = "holds"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'captured', 'released', 'expired')", name="state_known"),
        CheckConstraint("captured >= 0 AND captured <= amount", name="within_hold"),
        Index(
            "ix_holds_deadline",
            "deadline",
            postgresql_where=text("state = 'open'"),
            sqlite_where=text("state = 'open'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    store: Mapped[Code] = mapped_column(ForeignKey("stores.id"))
    book: Mapped[Code]
    amount: Mapped[int]
    captured: Mapped[int]
    state: Mapped[Code]
    actor: Mapped[Code]
    placed_at: Mapped[datetime]
    deadline: Mapped[datetime]
    ended_at: Mapped[datetime | None]
