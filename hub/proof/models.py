"""Tables of the proof: how far each journal is proved, and what came of each run."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class JournalMark(Base):
    """How far a journal is proved without a fault, and the chain's hash there: the next run begins behind it."""

    __tablename__ = "journal_marks"

    kiosk: Mapped[Code] = mapped_column(ForeignKey("kiosks.id"), primary_key=True)
    epoch: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    at: Mapped[datetime]


class JournalProof(Base):
    """What came of one run. `upto` is until when the ledger's entries are proved to come from journaled acts.

    `faults` counts all of them, `told` names the first.
    """

    __tablename__ = "journal_proofs"
    __table_args__ = (Index("ix_journal_proofs_at", "at"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    is_full: Mapped[bool]
    journals: Mapped[int]
    facts: Mapped[int]
    transfers: Mapped[int]
    faults: Mapped[int]
    told: Mapped[list[str]]
    upto: Mapped[datetime | None]
