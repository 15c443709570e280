"""Merged members, imports and exports."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    op.create_table(
        "merges",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kept", sa.Uuid(), nullable=False),
        sa.Column("merged", sa.Uuid(), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("moved", JSON, nullable=False),
        sa.Column("actor", CODE, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("undone_by", CODE, nullable=True),
        sa.Column("undone_at", MOMENT, nullable=True),
        sa.CheckConstraint("kept <> merged", name="ck_merges_has_two_members"),
        sa.ForeignKeyConstraint(["kept"], ["members.id"], name="fk_merges_kept_members"),
        sa.ForeignKeyConstraint(["merged"], ["members.id"], name="fk_merges_merged_members"),
        sa.PrimaryKeyConstraint("id", name="pk_merges"),
    )
    op.create_index("ix_merges_kept", "merges", ["kept"])
    op.create_index(
        "uq_merges_merged",
        "merges",
        ["merged"],
        unique=True,
        postgresql_where=sa.text("undone_at IS NULL"),
        sqlite_where=sa.text("undone_at IS NULL"),
    )


def downgrade() -> None:
    op.drop_table("merges")
