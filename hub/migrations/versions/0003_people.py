"""People who work here, their sessions and second factors."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)

INDEXES = (
    ("people", "role"),
    ("passkeys", "person"),
    ("sessions", "person"),
    ("sessions", "ends_at"),
    ("invitations", "person"),
    ("failed_attempts", "last_at"),
    ("spent_tickets", "ends_at"),
)


def upgrade() -> None:
    _make_people()
    _make_second_factors()
    _make_log_ins()
    for table, column in INDEXES:
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table, column in reversed(INDEXES):
        op.drop_index(f"ix_{table}_{column}", table)
    for table in (
        *("spent_tickets", "failed_attempts", "invitations", "sessions", "recovery_codes", "passkeys"),
        *("person_regions", "people", "own_roles"),
    ):
        op.drop_table(table)


def _make_people() -> None:
    op.create_table(
        "own_roles",
        sa.Column("id", CODE, nullable=False),
        sa.Column("names", JSON, nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("limits_as", CODE, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_own_roles"),
    )
    op.create_table(
        "people",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("login", CODE, nullable=False),
        sa.Column("name", CODE, nullable=False),
        sa.Column("language", CODE, nullable=False),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("state", CODE, nullable=False),
        sa.Column("role", CODE, nullable=False),
        sa.Column("stores", JSON, nullable=False),
        sa.Column("password_hash", sa.String(128), nullable=True),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=True),
        sa.Column("totp_step", BIG, nullable=True),
        sa.Column("issuer", sa.String(255), nullable=True),
        sa.Column("subject", sa.String(255), nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('invited', 'active', 'disabled', 'sealed')", name=op.f("ck_people_state_known")),
        sa.CheckConstraint("(issuer IS NULL) = (subject IS NULL)", name=op.f("ck_people_outside_identity_whole")),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
        sa.UniqueConstraint("login", name="uq_people_login"),
        sa.UniqueConstraint("email", name="uq_people_email"),
        sa.UniqueConstraint("issuer", "subject", name="uq_people_issuer_subject"),
    )
    op.create_table(
        "person_regions",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("region", CODE, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_person_regions_person_people"),
        sa.PrimaryKeyConstraint("person", "region", name="pk_person_regions"),
    )


def _make_second_factors() -> None:
    op.create_table(
        "passkeys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("name", CODE, nullable=False),
        sa.Column("credential", sa.LargeBinary(1023), nullable=False),
        sa.Column("public_key", sa.LargeBinary(), nullable=False),
        sa.Column("sign_count", BIG, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_passkeys_person_people"),
        sa.PrimaryKeyConstraint("id", name="pk_passkeys"),
        sa.UniqueConstraint("credential", name="uq_passkeys_credential"),
    )
    op.create_table(
        "recovery_codes",
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("code_hash", sa.LargeBinary(32), nullable=False),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_recovery_codes_person_people"),
        sa.PrimaryKeyConstraint("person", "code_hash", name="pk_recovery_codes"),
    )


def _make_log_ins() -> None:
    op.create_table(
        "sessions",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("method", CODE, nullable=False),
        sa.Column("source", CODE, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_sessions_person_people"),
        sa.PrimaryKeyConstraint("id", name="pk_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_sessions_token_hash"),
    )
    op.create_table(
        "invitations",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("person", sa.Uuid(), nullable=True),
        sa.Column("token_hash", sa.LargeBinary(32), nullable=False),
        sa.Column("totp_secret", sa.LargeBinary(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["person"], ["people.id"], name="fk_invitations_person_people"),
        sa.PrimaryKeyConstraint("id", name="pk_invitations"),
        sa.UniqueConstraint("token_hash", name="uq_invitations_token_hash"),
    )
    op.create_table(
        "failed_attempts",
        sa.Column("whose", sa.LargeBinary(16), nullable=False),
        sa.Column("failures", BIG, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("whose", name="pk_failed_attempts"),
    )
    op.create_table(
        "spent_tickets",
        sa.Column("digest", sa.LargeBinary(32), nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_spent_tickets"),
    )
