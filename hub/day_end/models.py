"""Tables of day ends."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class DayEnd(Base):
    """The end of one local day.

    `step` is the one that is done next, `cursor` how far within it; both move with the work they stand for.
    """

    __tablename__ = "day_ends"
    __table_args__ = (CheckConstraint("(step = 'done') = (finished_at IS NOT NULL)", name="done_when_finished"),)

    day: Mapped[date] = mapped_column(primary_key=True)
    step: Mapped[Code]
    cursor: Mapped[Code]
    started_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]
    figures: Mapped[dict[str, Any]]


class LateMember(Base):
    """A member of whom something came to light after its day had ended: the next day end looks at it again.

    `since` is the earliest such day.
    """

    __tablename__ = "late_members"

    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    since: Mapped[date]


class ExpiryNotice(Base):
    """Value of a member that is about to expire, told once for each account and expiry."""

    __tablename__ = "expiry_notices"

    account: Mapped[UUID] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(primary_key=True)
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    book: Mapped[Code]
    amount: Mapped[int]
    noticed_at: Mapped[datetime] = mapped_column(index=True)
