"""Tables of leases: what is lent to kiosks, by which cards it may be spent there, and whom to look at next."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code

_OPEN_AHEAD = text("reward IS NULL AND closed_at IS NULL")
_OPEN = text("closed_at IS NULL")


class Lease(Base):
    """Points lent to one epoch of one kiosk: for one reward that was asked for, or ahead, and then `reward` is missing.

    `spend` is the spend that was asked for; a lease ahead has an id of its own there, and its spends have theirs. Only
    its close report ends it, or a person who writes it off; time alone never frees anything.
    """

    __tablename__ = "leases"
    __table_args__ = (
        CheckConstraint("state IN ('granted', 'accepted', 'closed', 'written_off')", name="state_known"),
        CheckConstraint("spent >= 0 AND spent <= points", name="within_grant"),
        Index("ix_leases_ahead", "member", postgresql_where=_OPEN_AHEAD, sqlite_where=_OPEN_AHEAD),
    )

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    reward: Mapped[UUID | None] = mapped_column(ForeignKey("rewards.id"))
    spend: Mapped[UUID] = mapped_column(unique=True)
    points: Mapped[int]
    spent: Mapped[int]
    state: Mapped[Code]
    granted_at: Mapped[datetime]
    deadline: Mapped[datetime]
    recalled_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class StockLease(Base):
    """Pieces of a limited reward lent ahead to one epoch of one kiosk; its number is from the same series as a lease's.

    `missing` are pieces of it that the hub did not have when it took the lease up again after a restore.
    """

    __tablename__ = "stock_leases"
    __table_args__ = (
        CheckConstraint("state IN ('granted', 'accepted', 'closed', 'written_off')", name="state_known"),
        CheckConstraint("spent >= 0 AND spent <= pieces", name="within_grant"),
        CheckConstraint("missing >= 0 AND missing <= pieces", name="missing_within_grant"),
        Index("ix_stock_leases_open", "reward", postgresql_where=_OPEN, sqlite_where=_OPEN),
    )

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
    reward: Mapped[UUID] = mapped_column(ForeignKey("rewards.id"))
    pieces: Mapped[int]
    spent: Mapped[int]
    missing: Mapped[int]
    state: Mapped[Code]
    granted_at: Mapped[datetime]
    deadline: Mapped[datetime]
    recalled_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class CardWindow(Base):
    """From which reading on a kiosk can recognise a card by itself: those after `after`."""

    __tablename__ = "card_windows"

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    card: Mapped[UUID] = mapped_column(ForeignKey("cards.id"), primary_key=True)
    after: Mapped[int]


class Lending(Base):
    """A member to whom something may be lent: when to look next, and what was known at the last look.

    `visited_at` is the last visit that was noticed, `version` that of the member's points, `term` that of the policy.
    """

    __tablename__ = "lendings"

    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    due_at: Mapped[datetime] = mapped_column(index=True)
    visited_at: Mapped[datetime]
    version: Mapped[int]
    term: Mapped[int] = mapped_column(index=True)
