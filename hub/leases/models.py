"""Tables of leases."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Lease(Base):
    """Points lent to one epoch of one kiosk.

    Only its close report ends it, or a person who writes it off; time alone never frees anything.
    """

    __tablename__ = "leases"
    __table_args__ = (
        CheckConstraint("state IN ('granted', 'accepted', 'closed', 'written_off')", name="state_known"),
        CheckConstraint("spent >= 0 AND spent <= points", name="within_grant"),
    )

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    epoch: Mapped[UUID]
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    reward: Mapped[UUID] = mapped_column(ForeignKey("rewards.id"))
    spend: Mapped[UUID] = mapped_column(unique=True)
    points: Mapped[int]
    spent: Mapped[int]
    state: Mapped[Code]
    granted_at: Mapped[datetime]
    deadline: Mapped[datetime]
    closed_at: Mapped[datetime | None]
