"""Table of merges."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Merge(Base):
    """A member that was merged into another one. While it is not undone it says where everything of `merged` goes.

    `before` says what is to be put back when it is undone: tier, state, cards, vouchers, contacts. `moved` names each
    transfer that moved value, at the merge and when some followed later.
    """

    __tablename__ = "merges"
    __table_args__ = (
        CheckConstraint("kept <> merged", name="has_two_members"),
        Index(
            "uq_merges_merged",
            "merged",
            unique=True,
            postgresql_where=text("undone_at IS NULL"),
            sqlite_where=text("undone_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kept: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    merged: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    before: Mapped[dict[str, Any]]
    moved: Mapped[dict[str, Any]]
    actor: Mapped[Code]
    reason: Mapped[str]
    at: Mapped[datetime]
    undone_by: Mapped[Code | None]
    undone_at: Mapped[datetime | None]
