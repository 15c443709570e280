"""Table of pairs of members that may be one person."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Suspicion(Base):
    """Two members that agree in `agrees` (`email`, `name`, `birthday`), and what a person said of them.

    `first` is the smaller id, so that a pair stands here once. It is `open` until one is merged into the other or
    somebody says that they are two people; it is never raised again then.
    """

    __tablename__ = "suspicions"
    __table_args__ = (
        CheckConstraint("first < second", name="is_ordered"),
        CheckConstraint("state IN ('open', 'dismissed', 'merged')", name="state_known"),
        Index("ix_suspicions_state", "state", "found_at", "first", "second"),
    )

    first: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    second: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    agrees: Mapped[list[str]]
    state: Mapped[Code]
    found_at: Mapped[datetime]
    decided_by: Mapped[Code | None]
    decided_at: Mapped[datetime | None]
