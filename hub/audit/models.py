"""Tables of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class AuditEntry(Base):
    """One sensitive act. The database itself refuses to change or delete these rows (see the first migration).

    `number` counts without gaps, and `hash` covers the entry and the hash before it, under the key of that name where
    there is one; see `hub.audit.rules`.
    """

    __tablename__ = "audit"
    __table_args__ = (Index("ix_audit_subject", "subject"), Index("ix_audit_actor", "actor"))

    id: Mapped[UUID] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(unique=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[Code]
    action: Mapped[Code]
    subject: Mapped[Code]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    reason: Mapped[str]
    source: Mapped[Code]
    key: Mapped[Code | None]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))


class AuditHead(Base):
    """Number and hash of the last entry. Whoever writes an entry locks this one row first, so numbers have no gaps."""

    __tablename__ = "audit_head"
    __table_args__ = (CheckConstraint("id = 1", name="is_one"),)

    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    number: Mapped[int]
    hash: Mapped[bytes] = mapped_column(LargeBinary(32))
