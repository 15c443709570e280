"""Table of alerts."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Alert(Base):
    """Something odd that one rule has found. `evidence` holds ids, counts and moments, never personal data.

    `id` follows from what was found, so the same thing is found once.
    """

    __tablename__ = "alerts"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'seen', 'closed')", name="state_known"),
        CheckConstraint("severity IN ('low', 'medium', 'high')", name="severity_known"),
        Index("ix_alerts_state", "state", "found_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    severity: Mapped[Code]
    subject: Mapped[Code]
    store: Mapped[Code]
    evidence: Mapped[dict[str, Any]]
    found_at: Mapped[datetime]
    state: Mapped[Code]
    answered_by: Mapped[Code]
    answered_at: Mapped[datetime | None]
    note: Mapped[str]
