"""Table of the programme's terms."""

from datetime import datetime
from typing import Any

from sqlalchemy import UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Term(Base):
    """One version of one rule or policy. The newest version of a name is in force, unless it withdraws the name.

    Nothing is changed or deleted here: old versions explain old movements. `revision` counts over all names.
    """

    __tablename__ = "terms"
    __table_args__ = (UniqueConstraint("name", "version"),)

    revision: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    name: Mapped[Code]
    version: Mapped[int]
    document: Mapped[dict[str, Any]]
    withdrawn: Mapped[bool]
    made_by: Mapped[Code]
    made_at: Mapped[datetime]
    reason: Mapped[str]
