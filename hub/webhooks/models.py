"""Tables of webhooks: who wants to be told, what there is to tell, and how far each was told of it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import Mapped, mapped_column

from hub.db.base import Base, Code


class WebhookEndpoint(Base):
    """An address that is told of events. `events` empty means all of them.

    Secrets are wrapped by the vault. While one is being replaced the one before signs as well, until `old_until`.
    `failing_since` is when the first of the attempts failed after which none has succeeded.
    """

    __tablename__ = "webhook_endpoints"
    __table_args__ = (CheckConstraint("state IN ('active', 'disabled')", name="state_known"),)

    id: Mapped[UUID] = mapped_column(primary_key=True)
    url: Mapped[str]
    description: Mapped[str]
    events: Mapped[list[str]]
    state: Mapped[Code]
    secret: Mapped[bytes] = mapped_column(LargeBinary)
    old_secret: Mapped[bytes | None] = mapped_column(LargeBinary)
    old_until: Mapped[datetime | None]
    failing_since: Mapped[datetime | None]
    created_at: Mapped[datetime]


class WebhookMessage(Base):
    """Something that happened, written by the transaction in which it did: the outbox. `data` holds nothing personal.

    `spread_at` is when deliveries were made of it, one for each endpoint that wants it.
    """

    __tablename__ = "webhook_messages"
    __table_args__ = (
        Index(
            "ix_webhook_messages_unspread",
            "at",
            postgresql_where=text("spread_at IS NULL"),
            sqlite_where=text("spread_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    event: Mapped[Code]
    at: Mapped[datetime] = mapped_column(index=True)
    data: Mapped[dict[str, Any]]
    spread_at: Mapped[datetime | None]


class WebhookDelivery(Base):
    """A message on its way to one endpoint. `status` is the last answer's; `problem` says why there was none."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name="state_known"),
        Index(
            "ix_webhook_deliveries_due_at",
            "due_at",
            postgresql_where=text("state = 'waiting'"),
            sqlite_where=text("state = 'waiting'"),
        ),
    )

    endpoint: Mapped[UUID] = mapped_column(ForeignKey("webhook_endpoints.id", ondelete="CASCADE"), primary_key=True)
    message: Mapped[UUID] = mapped_column(
        ForeignKey("webhook_messages.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    event: Mapped[Code]
    state: Mapped[Code]
    attempts: Mapped[int]
    made_at: Mapped[datetime]
    due_at: Mapped[datetime]
    last_at: Mapped[datetime | None]
    status: Mapped[int | None]
    problem: Mapped[Code]
