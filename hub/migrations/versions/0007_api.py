"""Keys that rotate, and webhooks."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)


def upgrade() -> None:
    with op.batch_alter_table("api_keys") as batch:
        batch.add_column(sa.Column("old_hash", sa.LargeBinary(32), nullable=True))
        batch.add_column(sa.Column("old_until", MOMENT, nullable=True))
        batch.add_column(sa.Column("expires_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("last_used_at", MOMENT, nullable=True))
        batch.create_unique_constraint(op.f("uq_api_keys_old_hash"), ["old_hash"])
    _make_webhooks()
    _make_deliveries()


def downgrade() -> None:
    for table in ("webhook_deliveries", "webhook_messages", "webhook_endpoints"):
        op.drop_table(table)
    with op.batch_alter_table("api_keys") as batch:
        batch.drop_constraint(op.f("uq_api_keys_old_hash"), type_="unique")
        for column in ("old_hash", "old_until", "expires_at", "last_used_at"):
            batch.drop_column(column)


def _make_webhooks() -> None:
    op.create_table(
        "webhook_endpoints",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("url", sa.String(), nullable=False),
        sa.Column("description", sa.String(), nullable=False),
        sa.Column("events", JSON, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("secret", sa.LargeBinary(), nullable=False),
        sa.Column("old_secret", sa.LargeBinary(), nullable=True),
        sa.Column("old_until", MOMENT, nullable=True),
        sa.Column("failing_since", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('active', 'disabled')", name=op.f("ck_webhook_endpoints_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_endpoints")),
    )
    op.create_table(
        "webhook_messages",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("event", CODE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("spread_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_webhook_messages")),
    )
    op.create_index(op.f("ix_webhook_messages_at"), "webhook_messages", ["at"])
    new = sa.text("spread_at IS NULL")
    op.create_index("ix_webhook_messages_unspread", "webhook_messages", ["at"], postgresql_where=new, sqlite_where=new)


def _make_deliveries() -> None:
    op.create_table(
        "webhook_deliveries",
        sa.Column("endpoint", sa.Uuid(), nullable=False),
        sa.Column("message", sa.Uuid(), nullable=False),
        sa.Column("event", CODE, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("attempts", BIG, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=True),
        sa.Column("status", BIG, nullable=True),
        sa.Column("problem", CODE, nullable=False),
        sa.CheckConstraint("state IN ('waiting', 'delivered', 'dead')", name=op.f("ck_webhook_deliveries_state_known")),
        sa.ForeignKeyConstraint(
            ["endpoint"],
            ["webhook_endpoints.id"],
            name=op.f("fk_webhook_deliveries_endpoint_webhook_endpoints"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["message"],
            ["webhook_messages.id"],
            name=op.f("fk_webhook_deliveries_message_webhook_messages"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("endpoint", "message", name=op.f("pk_webhook_deliveries")),
    )
    waiting = sa.text("state = 'waiting'")
    op.create_index(
        "ix_webhook_deliveries_due_at",
        "webhook_deliveries",
        ["due_at"],
        postgresql_where=waiting,
        sqlite_where=waiting,
    )
    op.create_index(op.f("ix_webhook_deliveries_message"), "webhook_deliveries", ["message"])
