"""Tables of the catalogue and of vouchers. Stock is a counter of the ledger."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Picture(Base):
    """A picture, named by the SHA-256 of its bytes, so that a copy of it never grows old."""

    __tablename__ = "pictures"

    sha256: Mapped[Code] = mapped_column(primary_key=True)
    media_type: Mapped[Code]
    data: Mapped[bytes] = mapped_column(LargeBinary)


class Reward(Base):
    """Something that points buy. `tiers` empty means every tier; `place` orders the catalogue."""

    __tablename__ = "rewards"
    __table_args__ = (CheckConstraint("points > 0", name="has_a_price"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    place: Mapped[int]
    names: Mapped[dict[str, str]]
    descriptions: Mapped[dict[str, str]]
    points: Mapped[int]
    picture: Mapped[Code] = mapped_column(ForeignKey("pictures.sha256"))
    tiers: Mapped[list[str]]
    offered: Mapped[bool]
    limited: Mapped[bool]


class Voucher(Base):
    """A redeemed reward. Its id is the spend's; `code` is derived from it and is what the customer shows."""

    __tablename__ = "vouchers"
    __table_args__ = (
        CheckConstraint("state IN ('open', 'handed_out')", name="state_known"),
        Index("ix_vouchers_member_state", "member", "state"),
        Index("ix_vouchers_kiosk_redeemed_at", "kiosk", "redeemed_at"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    code: Mapped[Code] = mapped_column(index=True)
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    reward: Mapped[UUID] = mapped_column(ForeignKey("rewards.id"))
    points: Mapped[int]
    kiosk: Mapped[Code]
    store: Mapped[Code]
    state: Mapped[Code]
    redeemed_at: Mapped[datetime]
    handed_out_at: Mapped[datetime | None]
    handed_out_by: Mapped[Code | None]
