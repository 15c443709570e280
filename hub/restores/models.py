"""Tables of restores."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Restore(Base):
    """A restore of this database. `epoch` is what it has been called since; `newest_at` when its newest fact came.

    Whatever came between the two moments reached this database from the kiosks alone, or not at all.
    """

    __tablename__ = "restores"

    epoch: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    newest_at: Mapped[datetime | None]


class AwaitedKiosk(Base):
    """A kiosk whose journal a restored database waits for. A person may release it, and says why."""

    __tablename__ = "awaited_kiosks"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'replayed', 'released', 'superseded')", name="state_known"),
        Index(
            "ix_awaited_kiosks_waiting",
            "kiosk",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    restore: Mapped[UUID] = mapped_column(ForeignKey("restores.epoch"), primary_key=True)
    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    state: Mapped[Code]
    settled_at: Mapped[datetime | None]
    settled_by: Mapped[Code]
    reason: Mapped[str]
