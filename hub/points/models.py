"""Tables of the earning rules."""

from datetime import datetime

from sqlalchemy import CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class EarningRule(Base):
    """How an amount of money becomes points. A change is a new version; old ones explain old movements."""

    __tablename__ = "earning_rules"
    __table_args__ = (CheckConstraint("per_minor > 0", name="divides"),)

    version: Mapped[int] = mapped_column(primary_key=True)
    points: Mapped[int]
    per_minor: Mapped[int]
    valid_months: Mapped[int]
    made_by: Mapped[Code]
    made_at: Mapped[datetime]
