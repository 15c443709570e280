"""Tables of cards, taps and visits."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Card(Base):
    """A card: a token that names a member, never the account itself. `counter` is the highest one accepted."""

    __tablename__ = "cards"
    __table_args__ = (CheckConstraint("state IN ('active', 'blocked', 'retired')", name="state_known"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    uid: Mapped[Code] = mapped_column(unique=True)
    technology: Mapped[Code]
    member: Mapped[UUID | None] = mapped_column(ForeignKey("members.id"), index=True)
    state: Mapped[Code]
    counter: Mapped[int]
    issued_at: Mapped[datetime]


class CardTap(Base):
    """One dynamic code that was seen. A second one with the same counter is a copy, and cannot be stored."""

    __tablename__ = "card_taps"

    card: Mapped[UUID] = mapped_column(ForeignKey("cards.id"), primary_key=True)
    counter: Mapped[int] = mapped_column(primary_key=True)
    kiosk: Mapped[Code]
    seen_at: Mapped[datetime]
    verified_late: Mapped[bool]


class Visit(Base):
    """What one verified tap authorises: requests of one kiosk for one member, for a short while."""

    __tablename__ = "visits"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    card: Mapped[UUID] = mapped_column(ForeignKey("cards.id"))
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"))
    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"))
    redeems: Mapped[bool]
    opened_at: Mapped[datetime]
    ends_at: Mapped[datetime] = mapped_column(index=True)
