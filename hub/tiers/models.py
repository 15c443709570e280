"""Tables of tiers and of who stands where."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Tier(Base):
    """One tier, from `threshold` qualifying points on. `multiplier` is in basis points: 15,000 is 1.5 times."""

    __tablename__ = "tiers"

    id: Mapped[Code] = mapped_column(primary_key=True)
    rank: Mapped[int] = mapped_column(unique=True)
    names: Mapped[dict[str, str]]
    threshold: Mapped[int]
    multiplier: Mapped[int]


class Standing(Base):
    """The tier a member has now."""

    __tablename__ = "standings"

    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), primary_key=True)
    tier: Mapped[Code] = mapped_column(ForeignKey("tiers.id"))
    since: Mapped[datetime]


class TierChange(Base):
    """One change of tier, with what it was based on."""

    __tablename__ = "tier_changes"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    member: Mapped[UUID] = mapped_column(ForeignKey("members.id"), index=True)
    before: Mapped[Code]
    after: Mapped[Code]
    actor: Mapped[Code]
    evidence: Mapped[dict[str, Any]]
    at: Mapped[datetime]
