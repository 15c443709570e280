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
        sa.CheckConstraint("kept <> merged", name="has_two_members"),
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
    _make_imports()
    _make_suspicions()
    _make_exports()


def downgrade() -> None:
    for table in (
        "export_pieces",
        "member_exports",
        "suspicions",
        "import_faults",
        "import_pieces",
        "imports",
        "merges",
    ):
        op.drop_table(table)


def _make_imports() -> None:
    counts = ("pieces", "mark", "rows", "rows_done", "joined", "updated", "skipped", "faulty", "faults")
    op.create_table(
        "imports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("header", sa.LargeBinary(), nullable=False),
        sa.Column("plan", JSON, nullable=False),
        *(sa.Column(name, BIG, nullable=False) for name in counts),
        sa.Column("actor", CODE, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("began_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "state IN ('uploaded', 'checking', 'checked', 'running', 'done', 'cancelled', 'failed')",
            name="state_known",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_imports"),
    )
    working = sa.text("state IN ('checking', 'running')")
    op.create_index("ix_imports_working", "imports", ["state"], postgresql_where=working, sqlite_where=working)
    op.create_index("ix_imports_made_at", "imports", ["made_at"])
    op.create_table(
        "import_pieces",
        sa.Column("of", sa.Uuid(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["of"], ["imports.id"], name="fk_import_pieces_of_imports"),
        sa.PrimaryKeyConstraint("of", "number", name="pk_import_pieces"),
    )
    op.create_table(
        "import_faults",
        sa.Column("of", sa.Uuid(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("place", BIG, nullable=False),
        sa.Column("field", CODE, nullable=False),
        sa.Column("code", CODE, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.ForeignKeyConstraint(["of"], ["imports.id"], name="fk_import_faults_of_imports"),
        sa.PrimaryKeyConstraint("of", "number", name="pk_import_faults"),
    )


def _make_suspicions() -> None:
    op.create_table(
        "suspicions",
        sa.Column("first", sa.Uuid(), nullable=False),
        sa.Column("second", sa.Uuid(), nullable=False),
        sa.Column("agrees", JSON, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("decided_by", CODE, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.CheckConstraint("first < second", name="is_ordered"),
        sa.CheckConstraint("state IN ('open', 'dismissed', 'merged')", name="state_known"),
        sa.ForeignKeyConstraint(["first"], ["members.id"], name="fk_suspicions_first_members"),
        sa.ForeignKeyConstraint(["second"], ["members.id"], name="fk_suspicions_second_members"),
        sa.PrimaryKeyConstraint("first", "second", name="pk_suspicions"),
    )
    op.create_index("ix_suspicions_state", "suspicions", ["state", "found_at", "first", "second"])


def _make_exports() -> None:
    op.create_table(
        "member_exports",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("format", CODE, nullable=False),
        sa.Column("is_open", sa.Boolean(), nullable=False),
        sa.Column("filters", JSON, nullable=False),
        sa.Column("last", sa.Uuid(), nullable=True),
        *(sa.Column(name, BIG, nullable=False) for name in ("pieces", "members", "members_done")),
        sa.Column("actor", CODE, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('running', 'done', 'gone')", name="state_known"),
        sa.CheckConstraint("format IN ('csv', 'xlsx')", name="format_known"),
        sa.PrimaryKeyConstraint("id", name="pk_member_exports"),
    )
    op.create_index("ix_member_exports_state", "member_exports", ["state", "until"])
    op.create_table(
        "export_pieces",
        sa.Column("of", sa.Uuid(), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["of"], ["member_exports.id"], name="fk_export_pieces_of_member_exports"),
        sa.PrimaryKeyConstraint("of", "number", name="pk_export_pieces"),
    )
