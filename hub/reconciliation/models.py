"""The table of what a kiosk journaled and the hub rejected."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code

_OPEN = text("state = 'open'")
_UNSEEN = text("seen_at IS NULL AND state <> 'compensated'")


class Rejection(Base):
    """An event of a kiosk that was rejected; its id is the fact's. It stays open until a person has settled it.

    `points` and `amount` (money, minor units) are what it would have moved, as the member was shown; `promise` holds
    what making it good needs. `data` fills the code's sentence. `at` is when it counts as having happened.
    """

    __tablename__ = "rejections"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'compensated', 'dismissed')", name="state_known"),
        Index("ix_rejections_kiosk_at", "kiosk", "at"),
        Index("ix_rejections_open", "rejected_at", "id", postgresql_where=_OPEN, sqlite_where=_OPEN),
        Index("ix_rejections_unseen", "member", postgresql_where=_UNSEEN, sqlite_where=_UNSEEN),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kiosk: Mapped[Code]
    store: Mapped[Code]
    member: Mapped[UUID | None]
    kind: Mapped[Code]
    code: Mapped[Code]
    data: Mapped[dict[str, Any]]
    promise: Mapped[dict[str, Any]]
    points: Mapped[int]
    amount: Mapped[int]
    at: Mapped[datetime]
    rejected_at: Mapped[datetime]
    seen_at: Mapped[datetime | None]
    state: Mapped[Code]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[Code]
    approved_by: Mapped[Code]
    reason: Mapped[str]
