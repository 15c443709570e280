"""Tables of API keys."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import LargeBinary
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class ApiKey(Base):
    """A program's key. The secret has 256 random bits, so its plain SHA-256 can stand here safely.

    `stores` empty means every store. `role` is what limits per role go by; empty is nobody's, and has none. While a
    secret is being replaced the one before, `old_hash`, works until `old_until`.
    """

    __tablename__ = "api_keys"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    name: Mapped[Code]
    secret_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    old_hash: Mapped[bytes | None] = mapped_column(LargeBinary(32), unique=True)
    old_until: Mapped[datetime | None]
    permissions: Mapped[list[str]]
    role: Mapped[Code]
    stores: Mapped[list[str]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    last_used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
