"""Leases ahead: points and stock lent before anybody asks, and whom to look at next."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)
STATES = "state IN ('granted', 'accepted', 'closed', 'written_off')"
OPEN_AHEAD = sa.text("reward IS NULL AND closed_at IS NULL")
OPEN = sa.text("closed_at IS NULL")


def upgrade() -> None:
    with op.batch_alter_table("leases") as batch:
        batch.alter_column("reward", existing_type=sa.Uuid(), nullable=True)
        batch.add_column(sa.Column("recalled_at", MOMENT, nullable=True))
    op.create_index("ix_leases_ahead", "leases", ["member"], postgresql_where=OPEN_AHEAD, sqlite_where=OPEN_AHEAD)
    _make_stock_leases()
    op.create_table(
        "card_windows",
        sa.Column("kiosk", CODE, nullable=False),
        sa.Column("card", sa.Uuid(), nullable=False),
        sa.Column("after", BIG, nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name=op.f("fk_card_windows_kiosk_kiosks")),
        sa.ForeignKeyConstraint(["card"], ["cards.id"], name=op.f("fk_card_windows_card_cards")),
        sa.PrimaryKeyConstraint("kiosk", "card", name=op.f("pk_card_windows")),
    )
    op.create_table(
        "lendings",
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("visited_at", MOMENT, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("term", BIG, nullable=False),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name=op.f("fk_lendings_member_members")),
        sa.PrimaryKeyConstraint("member", name=op.f("pk_lendings")),
    )
    op.create_index(op.f("ix_lendings_due_at"), "lendings", ["due_at"])
    op.create_index(op.f("ix_lendings_term"), "lendings", ["term"])


def downgrade() -> None:
    """Earlier releases know only leases for one reward, so those ahead count as for the first one of the catalogue."""
    for table in ("lendings", "card_windows", "stock_leases"):
        op.drop_table(table)
    op.drop_index("ix_leases_ahead", "leases", postgresql_where=OPEN_AHEAD, sqlite_where=OPEN_AHEAD)
    op.execute("UPDATE leases SET reward = (SELECT id FROM rewards ORDER BY id LIMIT 1) WHERE reward IS NULL")
    with op.batch_alter_table("leases") as batch:
        batch.drop_column("recalled_at")
        batch.alter_column("reward", existing_type=sa.Uuid(), nullable=False)


def _make_stock_leases() -> None:
    op.create_table(
        "stock_leases",
        sa.Column("kiosk", CODE, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("reward", sa.Uuid(), nullable=False),
        sa.Column("pieces", BIG, nullable=False),
        sa.Column("spent", BIG, nullable=False),
        sa.Column("missing", BIG, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.Column("deadline", MOMENT, nullable=False),
        sa.Column("recalled_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.CheckConstraint(STATES, name=op.f("ck_stock_leases_state_known")),
        sa.CheckConstraint("spent >= 0 AND spent <= pieces", name=op.f("ck_stock_leases_within_grant")),
        sa.CheckConstraint("missing >= 0 AND missing <= pieces", name=op.f("ck_stock_leases_missing_within_grant")),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name=op.f("fk_stock_leases_kiosk_kiosks")),
        sa.ForeignKeyConstraint(["reward"], ["rewards.id"], name=op.f("fk_stock_leases_reward_rewards")),
        sa.PrimaryKeyConstraint("kiosk", "number", name=op.f("pk_stock_leases")),
    )
    op.create_index("ix_stock_leases_open", "stock_leases", ["reward"], postgresql_where=OPEN, sqlite_where=OPEN)
