"""Reconciliation, the proof of journals, and what a restore waits for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)
PLACED = sa.text("seq IS NOT NULL")
OPEN = sa.text("state = 'open'")
UNSEEN = sa.text("seen_at IS NULL AND state <> 'compensated'")
WAITING = sa.text("state = 'waiting'")

EARLIER = """
INSERT INTO rejections (id, kiosk, store, member, kind, code, data, promise, points, amount, at, rejected_at,
    seen_at, state, settled_at, settled_by, approved_by, reason)
SELECT facts.id, facts.kiosk, kiosks.store, NULL, facts.kind, coalesce(facts.code, ''), facts.result, '{}', 0, 0,
    facts.effective_at, facts.received_at, NULL, 'open', NULL, '', '', ''
FROM facts JOIN kiosks ON kiosks.id = facts.kiosk
WHERE facts.seq IS NOT NULL AND facts.verdict = 'rejected'
"""
"""What was rejected before has no member beside it, so it can be looked at and dismissed, and nobody is told."""


def upgrade() -> None:
    columns = ["kiosk", "effective_at", "verdict", "seq"]
    op.create_index("ix_facts_days", "facts", columns, postgresql_where=PLACED, sqlite_where=PLACED)
    op.create_index(op.f("ix_vouchers_kiosk_redeemed_at"), "vouchers", ["kiosk", "redeemed_at"])
    _make_rejections()
    op.execute(EARLIER)
    _make_restores()
    _make_proofs()


def downgrade() -> None:
    for table in ("journal_proofs", "journal_marks", "awaited_kiosks", "restores", "rejections"):
        op.drop_table(table)
    op.drop_index(op.f("ix_vouchers_kiosk_redeemed_at"), "vouchers")
    op.drop_index("ix_facts_days", "facts", postgresql_where=PLACED, sqlite_where=PLACED)


def _make_rejections() -> None:
    op.create_table(
        "rejections",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kiosk", CODE, nullable=False),
        sa.Column("store", CODE, nullable=False),
        sa.Column("member", sa.Uuid(), nullable=True),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("code", CODE, nullable=False),
        sa.Column("data", JSON, nullable=False),
        sa.Column("promise", JSON, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("rejected_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=True),
        sa.Column("state", CODE, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("settled_by", CODE, nullable=False),
        sa.Column("approved_by", CODE, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'compensated', 'dismissed')", name=op.f("ck_rejections_state_known")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejections")),
    )
    op.create_index("ix_rejections_kiosk_at", "rejections", ["kiosk", "at"])
    op.create_index("ix_rejections_open", "rejections", ["rejected_at", "id"], postgresql_where=OPEN, sqlite_where=OPEN)
    op.create_index("ix_rejections_unseen", "rejections", ["member"], postgresql_where=UNSEEN, sqlite_where=UNSEEN)


def _make_restores() -> None:
    op.create_table(
        "restores",
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("newest_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("epoch", name=op.f("pk_restores")),
    )
    op.create_table(
        "awaited_kiosks",
        sa.Column("restore", sa.Uuid(), nullable=False),
        sa.Column("kiosk", CODE, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("settled_by", CODE, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'replayed', 'released', 'superseded')", name=op.f("ck_awaited_kiosks_state_known")
        ),
        sa.ForeignKeyConstraint(["restore"], ["restores.epoch"], name=op.f("fk_awaited_kiosks_restore_restores")),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name=op.f("fk_awaited_kiosks_kiosk_kiosks")),
        sa.PrimaryKeyConstraint("restore", "kiosk", name=op.f("pk_awaited_kiosks")),
    )
    op.create_index(
        "ix_awaited_kiosks_waiting", "awaited_kiosks", ["kiosk"], postgresql_where=WAITING, sqlite_where=WAITING
    )


def _make_proofs() -> None:
    op.create_table(
        "journal_marks",
        sa.Column("kiosk", CODE, nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("seq", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name=op.f("fk_journal_marks_kiosk_kiosks")),
        sa.PrimaryKeyConstraint("kiosk", "epoch", name=op.f("pk_journal_marks")),
    )
    op.create_table(
        "journal_proofs",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("is_full", sa.Boolean(), nullable=False),
        sa.Column("journals", BIG, nullable=False),
        sa.Column("facts", BIG, nullable=False),
        sa.Column("transfers", BIG, nullable=False),
        sa.Column("faults", BIG, nullable=False),
        sa.Column("told", JSON, nullable=False),
        sa.Column("upto", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_journal_proofs")),
    )
    op.create_index("ix_journal_proofs_at", "journal_proofs", ["at"])
