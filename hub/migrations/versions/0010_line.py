"""What became of journals that lost or forked something: gaps, births, and events that are tried again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)
PARKED = sa.text("verdict = 'parked'")


def upgrade() -> None:
    """Remember births and gaps, and find parked events without going through all."""
    with op.batch_alter_table("sightings") as batch:
        # A hub of the release before goes on writing sightings without it.
        batch.add_column(sa.Column("birth", JSON, nullable=True))
    op.create_table(
        "stream_gaps",
        sa.Column("kiosk", CODE, nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("first", BIG, nullable=False),
        sa.Column("last", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("hub_epoch", sa.Uuid(), nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.CheckConstraint("first > 0 AND last >= first", name=op.f("ck_stream_gaps_is_somewhere")),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name=op.f("fk_stream_gaps_kiosk_kiosks")),
        sa.PrimaryKeyConstraint("kiosk", "epoch", "first", name=op.f("pk_stream_gaps")),
    )
    columns = ["verdict", "kiosk", "received_at"]
    op.create_index("ix_facts_parked", "facts", columns, postgresql_where=PARKED, sqlite_where=PARKED)


def downgrade() -> None:
    """Forget them."""
    op.drop_index("ix_facts_parked", "facts")
    op.drop_table("stream_gaps")
    with op.batch_alter_table("sightings") as batch:
        batch.drop_column("birth")
