"""Table of what waits for a second person."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class ApprovalRequest(Base):
    """An act that somebody asked for and may not do alone, and what became of it.

    `body` is what is to be done, sealed, because it may be personal; `content` tells it from any other. `amount` went
    beyond `alone_max`; both are 0 where the kind always takes two. `store` empty is the chain's. A yes leads from
    `waiting` to `approved` and, once the act was carried out, to `done`, or to `failed` with the `code` of why not.
    """

    __tablename__ = "approval_requests"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'approved', 'done', 'failed', 'refused', 'lapsed')", name="state_known"),
        Index(
            "ix_approval_requests_lapses_at",
            "lapses_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    state: Mapped[Code]
    store: Mapped[Code]
    subject: Mapped[Code]
    amount: Mapped[int]
    alone_max: Mapped[int]
    asked_by: Mapped[Code]
    role: Mapped[Code]
    reason: Mapped[str]
    content: Mapped[bytes] = mapped_column(LargeBinary(32))
    body: Mapped[bytes] = mapped_column(LargeBinary)
    asked_at: Mapped[datetime]
    lapses_at: Mapped[datetime]
    decided_by: Mapped[Code]
    decided_at: Mapped[datetime | None]
    note: Mapped[str]
    code: Mapped[Code | None]
    result: Mapped[dict[str, Any]]
