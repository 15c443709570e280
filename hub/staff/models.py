"""Tables of API keys and of the audit log."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class ApiKey(Base):
    """A program's key. The secret has 256 random bits, so its plain SHA-256 can stand here safely.

    `stores` empty means every store. `role` is what limits per role go by; empty is nobody's, and has none.
    """

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[Code]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    permissions: Mapped[list[str]]
    role: Mapped[Code]
    stores: Mapped[list[str]]
    created_at: Mapped[datetime]
    revoked_at: Mapped[datetime | None]


class Approval(Base):
    """A second person's word for one act, given beforehand and good for that act alone.

    The request that it is for has this id and this content, told by its digest.
    """

    __tablename__ = "approvals"

    request: Mapped[UUID] = mapped_column(primary_key=True)
    kind: Mapped[Code]
    content: Mapped[bytes] = mapped_column(LargeBinary(32))
    actor: Mapped[Code]
    at: Mapped[datetime]


class AuditEntry(Base):
    """One sensitive act. The database itself refuses to change or delete these rows (see the first migration)."""

    __tablename__ = "audit"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(index=True)
    actor: Mapped[Code]
    action: Mapped[Code]
    subject: Mapped[Code]
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    source: Mapped[Code]
