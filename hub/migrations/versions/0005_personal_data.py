"""Whole profiles, search by name, consent, erasure and retention."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)

SEALED = ("email", "gender", "address", "identity_number", "bank_account")
STATES_BEFORE = "state IN ('active', 'blocked')"
STATES = "state IN ('active', 'blocked', 'inactive', 'merged', 'erasing', 'erased')"


def upgrade() -> None:
    with op.batch_alter_table("members") as batch:
        for column in SEALED:
            batch.add_column(sa.Column(column, sa.LargeBinary(), nullable=True))
        batch.add_column(sa.Column("email_index", sa.LargeBinary(16), nullable=True))
        batch.drop_constraint(op.f("ck_members_state_known"), type_="check")
        batch.create_check_constraint(op.f("ck_members_state_known"), STATES)
    op.create_index("ix_members_email_index", "members", ["email_index"])
    op.create_index("ix_member_keys_wrapped_by", "member_keys", ["wrapped_by"])
    _make_search()
    _make_consents()
    _make_erasures()
    _make_exports_and_proofs()


def downgrade() -> None:
    tables = ("destructions", "personal_exports", "erased_copies", "erasures", "consents", "member_fields")
    for table in (*tables, "member_tokens"):
        op.drop_table(table)
    op.drop_index("ix_member_keys_wrapped_by", "member_keys")
    op.drop_index("ix_members_email_index", "members")
    # A member that is more than active or blocked was at least not to be served.
    op.execute("UPDATE members SET state = 'blocked' WHERE state <> 'active'")
    with op.batch_alter_table("members") as batch:
        batch.drop_constraint(op.f("ck_members_state_known"), type_="check")
        batch.create_check_constraint(op.f("ck_members_state_known"), STATES_BEFORE)
        for column in (*SEALED, "email_index"):
            batch.drop_column(column)


def _make_search() -> None:
    op.create_table(
        "member_tokens",
        sa.Column("token", sa.LargeBinary(8), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_member_tokens_member_members"),
        sa.PrimaryKeyConstraint("token", "member", name="pk_member_tokens"),
    )
    op.create_index("ix_member_tokens_member", "member_tokens", ["member"])
    op.create_table(
        "member_fields",
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("field", CODE, nullable=False),
        sa.Column("value", sa.LargeBinary(), nullable=False),
        sa.Column("search_index", sa.LargeBinary(16), nullable=True),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_member_fields_member_members"),
        sa.PrimaryKeyConstraint("member", "field", name="pk_member_fields"),
    )
    op.create_index("ix_member_fields_field_search_index", "member_fields", ["field", "search_index"])


def _make_consents() -> None:
    op.create_table(
        "consents",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("purpose", CODE, nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("text_version", CODE, nullable=False),
        sa.Column("text_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("channel", CODE, nullable=False),
        sa.Column("actor", CODE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_consents_member_members"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_member_purpose_at", "consents", ["member", "purpose", "at"])
    op.create_index("ix_consents_at", "consents", ["at"])


def _make_erasures() -> None:
    op.create_table(
        "erasures",
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("request", sa.Uuid(), nullable=False),
        sa.Column("asked_by", CODE, nullable=False),
        sa.Column("approved_by", CODE, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("began_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_erasures_member_members"),
        sa.PrimaryKeyConstraint("member", name="pk_erasures"),
    )
    op.create_index("ix_erasures_done_at", "erasures", ["done_at"])
    op.create_table(
        "erased_copies",
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("kiosk", CODE, nullable=False),
        sa.Column("duty", BIG, nullable=False),
        sa.Column("forgotten_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name="fk_erased_copies_kiosk_kiosks"),
        sa.ForeignKeyConstraint(["member"], ["erasures.member"], name="fk_erased_copies_member_erasures"),
        sa.PrimaryKeyConstraint("member", "kiosk", name="pk_erased_copies"),
    )


def _make_exports_and_proofs() -> None:
    op.create_table(
        "personal_exports",
        sa.Column("request", sa.Uuid(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("asked_by", CODE, nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.Column("fetched_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_personal_exports_member_members"),
        sa.PrimaryKeyConstraint("request", name="pk_personal_exports"),
    )
    op.create_index("ix_personal_exports_member", "personal_exports", ["member"])
    op.create_index("ix_personal_exports_until", "personal_exports", ["until"])
    op.create_table(
        "destructions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("before", MOMENT, nullable=False),
        sa.Column("rows", BIG, nullable=False),
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_destructions"),
    )
    op.create_index("ix_destructions_at", "destructions", ["at"])
