"""Table of closed periods."""

from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Period(Base):
    """One month, closed for good with its figures; named by its first day.

    Months are counted in UTC by when transfers were recorded, so nothing can come into one later.
    """

    __tablename__ = "periods"

    month: Mapped[date] = mapped_column(primary_key=True)
    figures: Mapped[dict[str, Any]]
    closed_by: Mapped[Code]
    closed_at: Mapped[datetime]
