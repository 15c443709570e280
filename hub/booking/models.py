"""Table of facts: everything that ever came in, once per id."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class Fact(Base):
    """One item that was booked, and what became of it: the same id always gets the same answer.

    For a kiosk's event `kiosk`, `epoch` and `seq` say where it stood in the journal, and `raw` holds its very bytes, so
    that the chain can be checked again.
    """

    __tablename__ = "facts"
    __table_args__ = (
        # Facts come in its order, so a summary of blocks is enough.
        Index("ix_facts_received_at", "received_at", postgresql_using="brin"),
        CheckConstraint("verdict IN ('applied', 'rejected', 'parked')", name="verdict_known"),
        Index(
            "uq_facts_kiosk_epoch_seq",
            "kiosk",
            "epoch",
            "seq",
            unique=True,
            postgresql_where=text("seq IS NOT NULL"),
            sqlite_where=text("seq IS NOT NULL"),
        ),
        # A day of a kiosk is counted from this index alone.
        Index(
            "ix_facts_days",
            "kiosk",
            "effective_at",
            "verdict",
            "seq",
            postgresql_where=text("seq IS NOT NULL"),
            sqlite_where=text("seq IS NOT NULL"),
        ),
        # The verdict comes first, or SQLite would rather go through all that a kiosk ever told.
        Index(
            "ix_facts_parked",
            "verdict",
            "kiosk",
            "received_at",
            postgresql_where=text("verdict = 'parked'"),
            sqlite_where=text("verdict = 'parked'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    actor: Mapped[Code]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary(32))
    verdict: Mapped[Code]
    code: Mapped[Code | None]
    result: Mapped[dict[str, Any]]
    kiosk: Mapped[Code | None]
    epoch: Mapped[UUID | None]
    seq: Mapped[int | None]
    raw: Mapped[bytes | None] = mapped_column(LargeBinary)
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime]
    effective_at: Mapped[datetime]
