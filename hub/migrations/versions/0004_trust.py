"""The audit chain, what waits for a second person, and alerts."""

import hashlib
import json
import uuid
from datetime import UTC, datetime
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)

REFUSE_SQLITE = """
CREATE TRIGGER audit_{what} BEFORE {what} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""


def upgrade() -> None:
    _let_audit_be_changed()
    with op.batch_alter_table("audit") as batch:
        batch.add_column(sa.Column("number", BIG, nullable=True))
        batch.add_column(sa.Column("reason", sa.String(), nullable=False, server_default=""))
        batch.add_column(sa.Column("hash", sa.LargeBinary(32), nullable=True))
    op.create_table(
        "audit_head",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(32), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_audit_head_is_one")),
        sa.PrimaryKeyConstraint("id", name="pk_audit_head"),
    )
    _chain_what_is_there()
    with op.batch_alter_table("audit") as batch:
        batch.alter_column("number", existing_type=BIG, nullable=False)
        batch.alter_column("hash", existing_type=sa.LargeBinary(32), nullable=False)
        batch.alter_column("reason", existing_type=sa.String(), server_default=None)
        batch.create_unique_constraint(op.f("uq_audit_number"), ["number"])
    op.create_index("ix_audit_subject", "audit", ["subject"])
    op.create_index("ix_audit_actor", "audit", ["actor"])
    _protect_audit()
    _make_approval_requests()
    _make_alerts()
    op.drop_table("approvals")


def downgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("request", sa.Uuid(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("content", sa.LargeBinary(32), nullable=False),
        sa.Column("actor", CODE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_approvals"),
    )
    op.drop_table("alerts")
    op.drop_table("approval_requests")
    op.drop_table("audit_head")
    _let_audit_be_changed()
    op.drop_index("ix_audit_actor", "audit")
    op.drop_index("ix_audit_subject", "audit")
    with op.batch_alter_table("audit") as batch:
        batch.drop_constraint(op.f("uq_audit_number"), type_="unique")
        for column in ("hash", "reason", "number"):
            batch.drop_column(column)
    _protect_audit()


def _let_audit_be_changed() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(f"DROP TRIGGER audit_{what}")
        return
    op.execute("DROP TRIGGER audit_change ON audit")
    op.execute("DROP TRIGGER audit_truncate ON audit")


def _protect_audit() -> None:
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(REFUSE_SQLITE.format(what=what))
        return
    op.execute("CREATE TRIGGER audit_change BEFORE UPDATE OR DELETE ON audit EXECUTE FUNCTION refuse_change()")
    op.execute("CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION refuse_change()")


def _chain_what_is_there() -> None:
    """Number and chain the entries of earlier revisions, in the order in which they were written down."""
    columns = [sa.column(name, kind) for name, kind in AUDIT.items()]
    audit, bind = sa.table("audit", *columns), op.get_bind()
    number, last = 0, bytes(32)
    for row in bind.execute(sa.select(*columns[:-2]).order_by(audit.c.at, audit.c.id)).mappings().all():
        number += 1
        last = _hash(last, number, row)
        bind.execute(audit.update().where(audit.c.id == row["id"]).values(number=number, hash=last))
    if number:
        head = sa.table("audit_head", sa.column("id"), sa.column("number"), sa.column("hash"))
        bind.execute(head.insert().values(id=1, number=number, hash=last))


AUDIT: dict[str, sa.types.TypeEngine[Any]] = {
    "id": sa.Uuid(),
    "at": MOMENT,
    "actor": CODE,
    "action": CODE,
    "subject": CODE,
    "before": JSON,
    "after": JSON,
    "reason": sa.String(),
    "source": CODE,
    "number": BIG,
    "hash": sa.LargeBinary(32),
}


def _hash(previous: bytes, number: int, row: Any) -> bytes:
    at: datetime = row["at"]
    moment = at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    key: uuid.UUID = row["id"]
    texts = {"id": str(key), "at": moment.isoformat(timespec="microseconds")}
    content = json.dumps(dict(row) | texts | {"number": number}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + content.encode()).digest()


def _make_approval_requests() -> None:
    op.create_table(
        "approval_requests",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, CODE, nullable=False) for name in ("kind", "state", "store", "subject")),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("alone_max", BIG, nullable=False),
        sa.Column("asked_by", CODE, nullable=False),
        sa.Column("role", CODE, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("content", sa.LargeBinary(32), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("lapses_at", MOMENT, nullable=False),
        sa.Column("decided_by", CODE, nullable=False),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("code", CODE, nullable=True),
        sa.Column("result", JSON, nullable=False),
        sa.CheckConstraint(
            "state IN ('waiting', 'approved', 'done', 'failed', 'refused', 'lapsed')",
            name=op.f("ck_approval_requests_state_known"),
        ),
        sa.PrimaryKeyConstraint("id", name="pk_approval_requests"),
    )
    still = sa.text("state = 'waiting'")
    op.create_index(
        "ix_approval_requests_lapses_at",
        "approval_requests",
        ["lapses_at"],
        postgresql_where=still,
        sqlite_where=still,
    )


def _make_alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", sa.Uuid(), nullable=False),
        *(sa.Column(name, CODE, nullable=False) for name in ("kind", "severity", "subject", "store")),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("found_at", MOMENT, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("answered_by", CODE, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("note", sa.String(), nullable=False),
        sa.CheckConstraint("state IN ('open', 'seen', 'closed')", name=op.f("ck_alerts_state_known")),
        sa.CheckConstraint("severity IN ('low', 'medium', 'high')", name=op.f("ck_alerts_severity_known")),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_state", "alerts", ["state", "found_at"])
