"""First tables: the books, the fleet, members, cards, the programme, and an audit log that cannot be changed."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)

REFUSE_SQLITE = """
CREATE TRIGGER audit_{what} BEFORE {what} ON audit
BEGIN SELECT RAISE(ABORT, 'the audit log is append-only'); END
"""
REFUSE_POSTGRESQL = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the audit log is append-only'; END $$
"""


def protect_audit() -> None:
    """Have the database itself refuse to change or delete what was written down."""
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(REFUSE_SQLITE.format(what=what))
        return
    op.execute(REFUSE_POSTGRESQL)
    op.execute("CREATE TRIGGER audit_change BEFORE UPDATE OR DELETE ON audit EXECUTE FUNCTION refuse_change()")
    op.execute("CREATE TRIGGER audit_truncate BEFORE TRUNCATE ON audit EXECUTE FUNCTION refuse_change()")


def upgrade() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("owner", sa.Uuid(), nullable=False),
        sa.Column("book", sa.String(length=64), nullable=False),
        sa.Column("unit", sa.String(length=64), nullable=False),
        sa.Column("has_lots", sa.Boolean(), nullable=False),
        sa.Column("balance", BIG, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.CheckConstraint("balance >= 0", name=op.f("ck_accounts_not_overdrawn")),
        sa.PrimaryKeyConstraint("id", name="pk_accounts"),
    )
    op.create_index("ix_accounts_owner", "accounts", ["owner"], unique=False)

    op.create_table(
        "api_keys",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("permissions", JSON, nullable=False),
        sa.Column("stores", JSON, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_api_keys"),
        sa.UniqueConstraint("secret_hash", name="uq_api_keys_secret_hash"),
    )
    op.create_table(
        "audit",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("action", sa.String(length=64), nullable=False),
        sa.Column("subject", sa.String(length=64), nullable=False),
        sa.Column("before", JSON, nullable=False),
        sa.Column("after", JSON, nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_at", "audit", ["at"], unique=False)

    op.create_table(
        "chain",
        sa.Column("id", BIG, nullable=False),
        sa.Column("names", JSON, nullable=False),
        sa.Column("languages", JSON, nullable=False),
        sa.Column("currency", sa.String(length=64), nullable=False),
        sa.Column("zone", sa.String(length=64), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_chain_is_one")),
        sa.PrimaryKeyConstraint("id", name="pk_chain"),
    )
    op.create_table(
        "counters",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("remaining", BIG, nullable=False),
        sa.CheckConstraint("remaining >= 0", name=op.f("ck_counters_not_exceeded")),
        sa.PrimaryKeyConstraint("id", name="pk_counters"),
    )
    op.create_table(
        "earning_rules",
        sa.Column("version", BIG, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("per_minor", BIG, nullable=False),
        sa.Column("valid_months", BIG, nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint("per_minor > 0", name=op.f("ck_earning_rules_divides")),
        sa.PrimaryKeyConstraint("version", name="pk_earning_rules"),
    )
    op.create_table(
        "facts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(length=32), nullable=False),
        sa.Column("verdict", sa.String(length=64), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=True),
        sa.Column("result", JSON, nullable=False),
        sa.Column("kiosk", sa.String(length=64), nullable=True),
        sa.Column("epoch", sa.Uuid(), nullable=True),
        sa.Column("seq", BIG, nullable=True),
        sa.Column("raw", sa.LargeBinary(), nullable=True),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("received_at", MOMENT, nullable=False),
        sa.Column("effective_at", MOMENT, nullable=False),
        sa.CheckConstraint("verdict IN ('applied', 'rejected', 'parked')", name=op.f("ck_facts_verdict_known")),
        sa.PrimaryKeyConstraint("id", name="pk_facts"),
    )
    op.create_index(
        "uq_facts_kiosk_epoch_seq",
        "facts",
        ["kiosk", "epoch", "seq"],
        unique=True,
        postgresql_where=sa.text("seq IS NOT NULL"),
        sqlite_where=sa.text("seq IS NOT NULL"),
    )

    op.create_table(
        "hub_state",
        sa.Column("id", BIG, nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_hub_state_is_one")),
        sa.PrimaryKeyConstraint("id", name="pk_hub_state"),
    )
    op.create_table(
        "lot_uses",
        sa.Column("transfer", sa.Uuid(), nullable=False),
        sa.Column("lot", sa.Uuid(), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_lot_uses_takes_something")),
        sa.PrimaryKeyConstraint("transfer", "lot", name="pk_lot_uses"),
    )
    op.create_index("ix_lot_uses_lot", "lot_uses", ["lot"], unique=False)

    op.create_table(
        "lots",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("origin", sa.Uuid(), nullable=True),
        sa.Column("granted", BIG, nullable=False),
        sa.Column("remaining", BIG, nullable=False),
        sa.Column("active_from", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.CheckConstraint("remaining >= 0 AND remaining <= granted", name=op.f("ck_lots_within_grant")),
        sa.PrimaryKeyConstraint("id", name="pk_lots"),
    )
    op.create_index(
        "ix_lots_open",
        "lots",
        ["account", "expires_at"],
        unique=False,
        postgresql_where=sa.text("remaining > 0"),
        sqlite_where=sa.text("remaining > 0"),
    )

    op.create_table(
        "pictures",
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("media_type", sa.String(length=64), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_pictures"),
    )
    op.create_table(
        "publications",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_publications"),
    )
    op.create_table(
        "purchase_lines",
        sa.Column("purchase", sa.Uuid(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("product", sa.String(length=64), nullable=False),
        sa.Column("category", sa.String(length=64), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("quantity", BIG, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.PrimaryKeyConstraint("purchase", "line", name="pk_purchase_lines"),
    )
    op.create_table(
        "stores",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("names", JSON, nullable=False),
        sa.Column("region", sa.String(length=64), nullable=False),
        sa.Column("kiosks_record_purchases", sa.Boolean(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_stores"),
    )
    op.create_table(
        "tiers",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("rank", BIG, nullable=False),
        sa.Column("names", JSON, nullable=False),
        sa.Column("threshold", BIG, nullable=False),
        sa.Column("multiplier", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_tiers"),
        sa.UniqueConstraint("rank", name="uq_tiers_rank"),
    )
    op.create_table(
        "transfers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("fact", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("debit", sa.Uuid(), nullable=False),
        sa.Column("credit", sa.Uuid(), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("cause", JSON, nullable=False),
        sa.Column("effective_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint("amount > 0", name=op.f("ck_transfers_moves_something")),
        sa.CheckConstraint("debit <> credit", name=op.f("ck_transfers_has_two_sides")),
        sa.PrimaryKeyConstraint("id", name="pk_transfers"),
    )
    op.create_index(
        "ix_transfers_credit_recorded_at",
        "transfers",
        ["credit", "recorded_at"],
        unique=False,
        postgresql_where=sa.text("credit > '00000000-0000-0000-0000-000000010000'"),
        sqlite_where=sa.text("credit > '00000000000000000000000000010000'"),
    )
    op.create_index(
        "ix_transfers_debit_recorded_at",
        "transfers",
        ["debit", "recorded_at"],
        unique=False,
        postgresql_where=sa.text("debit > '00000000-0000-0000-0000-000000010000'"),
        sqlite_where=sa.text("debit > '00000000000000000000000000010000'"),
    )

    op.create_table(
        "kiosks",
        sa.Column("id", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("shard", sa.SmallInteger(), nullable=False),
        sa.Column("public_key", sa.LargeBinary(length=200), nullable=False),
        sa.Column("wrapping_key", sa.LargeBinary(length=200), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("last_duty", BIG, nullable=False),
        sa.Column("last_lease", BIG, nullable=False),
        sa.Column("configuration", BIG, nullable=False),
        sa.Column("enrolled_at", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('active', 'revoked')", name=op.f("ck_kiosks_state_known")),
        sa.ForeignKeyConstraint(["store"], ["stores.id"], name="fk_kiosks_store_stores"),
        sa.PrimaryKeyConstraint("id", name="pk_kiosks"),
    )
    op.create_table(
        "members",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("number", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("home_store", sa.String(length=64), nullable=False),
        sa.Column("language", sa.String(length=64), nullable=False),
        sa.Column("source", sa.String(length=64), nullable=False),
        sa.Column("name", sa.LargeBinary(), nullable=False),
        sa.Column("phone", sa.LargeBinary(), nullable=True),
        sa.Column("phone_index", sa.LargeBinary(length=16), nullable=True),
        sa.Column("birthday", sa.LargeBinary(), nullable=True),
        sa.Column("joined_at", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('active', 'blocked')", name=op.f("ck_members_state_known")),
        sa.ForeignKeyConstraint(["home_store"], ["stores.id"], name="fk_members_home_store_stores"),
        sa.PrimaryKeyConstraint("id", name="pk_members"),
        sa.UniqueConstraint("number", name="uq_members_number"),
        sa.UniqueConstraint("phone_index", name="uq_members_phone_index"),
    )
    op.create_table(
        "purchases",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("receipt", sa.String(length=64), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("currency", sa.String(length=64), nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("content", sa.LargeBinary(length=32), nullable=False),
        sa.Column("purchased_at", MOMENT, nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(["store"], ["stores.id"], name="fk_purchases_store_stores"),
        sa.PrimaryKeyConstraint("id", name="pk_purchases"),
        sa.UniqueConstraint("receipt", "store", name="uq_purchases_receipt_store"),
    )
    op.create_index("ix_purchases_member", "purchases", ["member"], unique=False)

    op.create_table(
        "rewards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("place", BIG, nullable=False),
        sa.Column("names", JSON, nullable=False),
        sa.Column("descriptions", JSON, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("picture", sa.String(length=64), nullable=False),
        sa.Column("tiers", JSON, nullable=False),
        sa.Column("offered", sa.Boolean(), nullable=False),
        sa.Column("limited", sa.Boolean(), nullable=False),
        sa.CheckConstraint("points > 0", name=op.f("ck_rewards_has_a_price")),
        sa.ForeignKeyConstraint(["picture"], ["pictures.sha256"], name="fk_rewards_picture_pictures"),
        sa.PrimaryKeyConstraint("id", name="pk_rewards"),
    )
    op.create_table(
        "cards",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("uid", sa.String(length=64), nullable=False),
        sa.Column("technology", sa.String(length=64), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=True),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("counter", BIG, nullable=False),
        sa.Column("issued_at", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('active', 'blocked', 'retired')", name=op.f("ck_cards_state_known")),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_cards_member_members"),
        sa.PrimaryKeyConstraint("id", name="pk_cards"),
        sa.UniqueConstraint("uid", name="uq_cards_uid"),
    )
    op.create_index("ix_cards_member", "cards", ["member"], unique=False)

    op.create_table(
        "duties",
        sa.Column("kiosk", sa.String(length=64), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("kind", sa.String(length=64), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("given_at", MOMENT, nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name="fk_duties_kiosk_kiosks"),
        sa.PrimaryKeyConstraint("kiosk", "number", name="pk_duties"),
    )
    op.create_index(
        "ix_duties_open",
        "duties",
        ["kiosk", "number"],
        unique=False,
        postgresql_where=sa.text("done_at IS NULL"),
        sqlite_where=sa.text("done_at IS NULL"),
    )

    op.create_table(
        "leases",
        sa.Column("kiosk", sa.String(length=64), nullable=False),
        sa.Column("number", BIG, nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("reward", sa.Uuid(), nullable=False),
        sa.Column("spend", sa.Uuid(), nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("spent", BIG, nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("granted_at", MOMENT, nullable=False),
        sa.Column("deadline", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.CheckConstraint("state IN ('granted', 'accepted', 'closed')", name=op.f("ck_leases_state_known")),
        sa.CheckConstraint("spent >= 0 AND spent <= points", name=op.f("ck_leases_within_grant")),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name="fk_leases_kiosk_kiosks"),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_leases_member_members"),
        sa.ForeignKeyConstraint(["reward"], ["rewards.id"], name="fk_leases_reward_rewards"),
        sa.PrimaryKeyConstraint("kiosk", "number", name="pk_leases"),
        sa.UniqueConstraint("spend", name="uq_leases_spend"),
    )
    op.create_index("ix_leases_member", "leases", ["member"], unique=False)

    op.create_table(
        "member_copies",
        sa.Column("kiosk", sa.String(length=64), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("wanted", BIG, nullable=False),
        sa.Column("held", BIG, nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name="fk_member_copies_kiosk_kiosks"),
        sa.PrimaryKeyConstraint("kiosk", "member", name="pk_member_copies"),
    )
    op.create_index("ix_member_copies_member", "member_copies", ["member"], unique=False)
    op.create_index(
        "ix_member_copies_stale",
        "member_copies",
        ["kiosk"],
        unique=False,
        postgresql_where=sa.text("wanted > held"),
        sqlite_where=sa.text("wanted > held"),
    )

    op.create_table(
        "member_keys",
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("wrapped_by", sa.String(length=64), nullable=False),
        sa.Column("wrapped", sa.LargeBinary(length=64), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_member_keys_member_members"),
        sa.PrimaryKeyConstraint("member", name="pk_member_keys"),
    )
    op.create_table(
        "sightings",
        sa.Column("kiosk", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("connection", BIG, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("heartbeat", JSON, nullable=False),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name="fk_sightings_kiosk_kiosks"),
        sa.PrimaryKeyConstraint("kiosk", name="pk_sightings"),
    )
    op.create_table(
        "standings",
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("tier", sa.String(length=64), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_standings_member_members"),
        sa.ForeignKeyConstraint(["tier"], ["tiers.id"], name="fk_standings_tier_tiers"),
        sa.PrimaryKeyConstraint("member", name="pk_standings"),
    )
    op.create_table(
        "streams",
        sa.Column("kiosk", sa.String(length=64), nullable=False),
        sa.Column("epoch", sa.Uuid(), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("upto", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("effective_at", MOMENT, nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.CheckConstraint("state IN ('accepted', 'pending', 'ended', 'forked')", name=op.f("ck_streams_state_known")),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name="fk_streams_kiosk_kiosks"),
        sa.PrimaryKeyConstraint("kiosk", "epoch", name="pk_streams"),
    )
    op.create_table(
        "tier_changes",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("before", sa.String(length=64), nullable=False),
        sa.Column("after", sa.String(length=64), nullable=False),
        sa.Column("actor", sa.String(length=64), nullable=False),
        sa.Column("evidence", JSON, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_tier_changes_member_members"),
        sa.PrimaryKeyConstraint("id", name="pk_tier_changes"),
    )
    op.create_index("ix_tier_changes_member", "tier_changes", ["member"], unique=False)

    op.create_table(
        "vouchers",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("code", sa.String(length=64), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("reward", sa.Uuid(), nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("kiosk", sa.String(length=64), nullable=False),
        sa.Column("store", sa.String(length=64), nullable=False),
        sa.Column("state", sa.String(length=64), nullable=False),
        sa.Column("redeemed_at", MOMENT, nullable=False),
        sa.Column("handed_out_at", MOMENT, nullable=True),
        sa.Column("handed_out_by", sa.String(length=64), nullable=True),
        sa.CheckConstraint("state IN ('open', 'handed_out')", name=op.f("ck_vouchers_state_known")),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_vouchers_member_members"),
        sa.ForeignKeyConstraint(["reward"], ["rewards.id"], name="fk_vouchers_reward_rewards"),
        sa.PrimaryKeyConstraint("id", name="pk_vouchers"),
    )
    op.create_index("ix_vouchers_code", "vouchers", ["code"], unique=False)
    op.create_index("ix_vouchers_member_state", "vouchers", ["member", "state"], unique=False)

    op.create_table(
        "card_taps",
        sa.Column("card", sa.Uuid(), nullable=False),
        sa.Column("counter", BIG, nullable=False),
        sa.Column("kiosk", sa.String(length=64), nullable=False),
        sa.Column("seen_at", MOMENT, nullable=False),
        sa.Column("verified_late", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["card"], ["cards.id"], name="fk_card_taps_card_cards"),
        sa.PrimaryKeyConstraint("card", "counter", name="pk_card_taps"),
    )
    op.create_table(
        "visits",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("card", sa.Uuid(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("kiosk", sa.String(length=64), nullable=False),
        sa.Column("redeems", sa.Boolean(), nullable=False),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["card"], ["cards.id"], name="fk_visits_card_cards"),
        sa.ForeignKeyConstraint(["kiosk"], ["kiosks.id"], name="fk_visits_kiosk_kiosks"),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_visits_member_members"),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
    )
    op.create_index("ix_visits_ends_at", "visits", ["ends_at"], unique=False)
    protect_audit()


def downgrade() -> None:
    op.drop_index("ix_visits_ends_at", "visits")

    op.drop_table("visits")
    op.drop_table("card_taps")
    op.drop_index("ix_vouchers_member_state", "vouchers")
    op.drop_index("ix_vouchers_code", "vouchers")

    op.drop_table("vouchers")
    op.drop_index("ix_tier_changes_member", "tier_changes")

    op.drop_table("tier_changes")
    op.drop_table("streams")
    op.drop_table("standings")
    op.drop_table("sightings")
    op.drop_table("member_keys")
    op.drop_index(
        "ix_member_copies_stale",
        "member_copies",
        postgresql_where=sa.text("wanted > held"),
        sqlite_where=sa.text("wanted > held"),
    )
    op.drop_index("ix_member_copies_member", "member_copies")

    op.drop_table("member_copies")
    op.drop_index("ix_leases_member", "leases")

    op.drop_table("leases")
    op.drop_index(
        "ix_duties_open", "duties", postgresql_where=sa.text("done_at IS NULL"), sqlite_where=sa.text("done_at IS NULL")
    )

    op.drop_table("duties")
    op.drop_index("ix_cards_member", "cards")

    op.drop_table("cards")
    op.drop_table("rewards")
    op.drop_index("ix_purchases_member", "purchases")

    op.drop_table("purchases")
    op.drop_table("members")
    op.drop_table("kiosks")
    op.drop_index(
        "ix_transfers_debit_recorded_at",
        "transfers",
        postgresql_where=sa.text("debit > '00000000-0000-0000-0000-000000010000'"),
        sqlite_where=sa.text("debit > '00000000000000000000000000010000'"),
    )
    op.drop_index(
        "ix_transfers_credit_recorded_at",
        "transfers",
        postgresql_where=sa.text("credit > '00000000-0000-0000-0000-000000010000'"),
        sqlite_where=sa.text("credit > '00000000000000000000000000010000'"),
    )

    op.drop_table("transfers")
    op.drop_table("tiers")
    op.drop_table("stores")
    op.drop_table("purchase_lines")
    op.drop_table("publications")
    op.drop_table("pictures")
    op.drop_index(
        "ix_lots_open", "lots", postgresql_where=sa.text("remaining > 0"), sqlite_where=sa.text("remaining > 0")
    )

    op.drop_table("lots")
    op.drop_index("ix_lot_uses_lot", "lot_uses")

    op.drop_table("lot_uses")
    op.drop_table("hub_state")
    op.drop_index(
        "uq_facts_kiosk_epoch_seq",
        "facts",
        postgresql_where=sa.text("seq IS NOT NULL"),
        sqlite_where=sa.text("seq IS NOT NULL"),
    )

    op.drop_table("facts")
    op.drop_table("earning_rules")
    op.drop_table("counters")
    op.drop_table("chain")
    op.drop_index("ix_audit_at", "audit")

    op.drop_table("audit")
    op.drop_table("api_keys")
    op.drop_index("ix_accounts_owner", "accounts")

    op.drop_table("accounts")
    if op.get_bind().dialect.name == "postgresql":
        op.execute("DROP FUNCTION refuse_change()")
