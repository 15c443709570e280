"""The whole ledger: versioned terms, lots that name their worth, tallies, holds, returns, wallet receipts, day ends."""

import hashlib
import json
import uuid
from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")
MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)

WALLET_KINDS = (
    "kind IN ('top_up', 'payment', 'payment_refund', 'top_up_refund', 'close',"
    " 'package_sale', 'package_use', 'package_use_refund', 'package_refund')"
)


def upgrade() -> None:
    _make_terms()
    _widen_the_ledger()
    _make_holds_and_approvals()
    _widen_people_and_places()
    _make_returns()
    _make_wallet_receipts()
    _make_day_ends()
    _fill_wallets()


def downgrade() -> None:
    _take_back_terms()
    tables = ("expiry_notices", "late_members", "day_ends", "periods", "rollups", "tallies", "wallet_receipts")
    for table in (*tables, "return_lines", "returns", "holds", "approvals", "terms"):
        op.drop_table(table)
    with op.batch_alter_table("leases") as batch:
        batch.drop_constraint(op.f("ck_leases_state_known"), type_="check")
        batch.create_check_constraint(op.f("ck_leases_state_known"), "state IN ('granted', 'accepted', 'closed')")
    for table, columns in (
        ("purchase_lines", ("qualifying", "points_paid", "value_paid")),
        ("purchases", ("points_paid", "value_paid")),
        ("stores", ("jurisdiction",)),
        ("members", ("identified_at",)),
        ("api_keys", ("role",)),
    ):
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
    _narrow_the_ledger()


def _make_terms() -> None:
    op.create_table(
        "terms",
        sa.Column("revision", BIG, nullable=False, autoincrement=False),
        sa.Column("name", CODE, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("document", JSON, nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("made_by", CODE, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("revision", name="pk_terms"),
        sa.UniqueConstraint("name", "version", name="uq_terms_name_version"),
    )
    connection = op.get_bind()
    rules = connection.execute(
        sa.text("SELECT version, points, per_minor, valid_months, made_by, made_at FROM earning_rules ORDER BY version")
    )
    number = 0
    for rule in rules.all():
        earning = {"kind": "rate", "points": rule.points, "per_minor": rule.per_minor}
        expiry = {"kind": "rolling", "months": rule.valid_months}
        for name, document in (("earning.1", earning), ("expiry", expiry)):
            number += 1
            values = {"revision": number, "name": name, "document": json.dumps(document)}
            _insert_term(values | {"version": rule.version, "made_by": rule.made_by, "made_at": rule.made_at})
    op.drop_table("earning_rules")


def _insert_term(values: dict[str, Any]) -> None:
    document = "CAST(:document AS JSONB)" if op.get_bind().dialect.name == "postgresql" else ":document"
    op.get_bind().execute(
        sa.text(
            "INSERT INTO terms (revision, name, version, document, withdrawn, made_by, made_at, reason)"  # noqa: S608
            f" VALUES (:revision, :name, :version, {document}, false, :made_by, :made_at, '')"
        ),
        values,
    )


def _take_back_terms() -> None:
    op.create_table(
        "earning_rules",
        sa.Column("version", BIG, nullable=False),
        sa.Column("points", BIG, nullable=False),
        sa.Column("per_minor", BIG, nullable=False),
        sa.Column("valid_months", BIG, nullable=False),
        sa.Column("made_by", CODE, nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.CheckConstraint("per_minor > 0", name=op.f("ck_earning_rules_divides")),
        sa.PrimaryKeyConstraint("version", name="pk_earning_rules"),
    )
    connection = op.get_bind()
    terms = connection.execute(
        sa.text("SELECT name, version, document, made_by, made_at FROM terms WHERE name IN ('earning.1', 'expiry')")
    ).all()
    read = {(term.name, term.version): _read(term.document) for term in terms}
    for term in terms:
        if term.name != "earning.1":
            continue
        earning, expiry = read[term.name, term.version], read.get(("expiry", term.version), {})
        connection.execute(
            sa.text(
                "INSERT INTO earning_rules (version, points, per_minor, valid_months, made_by, made_at)"
                " VALUES (:version, :points, :per_minor, :months, :made_by, :made_at)"
            ),
            {
                "version": term.version,
                "points": earning.get("points", 0),
                "per_minor": earning.get("per_minor", 1),
                "months": expiry.get("months", 12),
                "made_by": term.made_by,
                "made_at": term.made_at,
            },
        )


def _read(document: Any) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document) if isinstance(document, str) else document
    return found


def _widen_the_ledger() -> None:
    with op.batch_alter_table("transfers") as batch:
        batch.add_column(sa.Column("reverses", sa.Uuid(), nullable=True))
        batch.add_column(sa.Column("reason", sa.String(), nullable=False, server_default=""))
    with op.batch_alter_table("transfers") as batch:
        batch.alter_column("reason", server_default=None)
    named = sa.text("reverses IS NOT NULL")
    op.create_index("ix_transfers_reverses", "transfers", ["reverses"], postgresql_where=named, sqlite_where=named)
    op.create_index("ix_transfers_recorded_at", "transfers", ["recorded_at"], postgresql_using="brin")
    with op.batch_alter_table("lots") as batch:
        batch.add_column(sa.Column("source", CODE, nullable=False, server_default="purchase"))
        batch.add_column(sa.Column("unit_value", BIG, nullable=False, server_default="0"))
        batch.add_column(sa.Column("granted_at", MOMENT, nullable=True))
    op.execute("UPDATE lots SET granted_at = active_from")
    with op.batch_alter_table("lots") as batch:
        batch.alter_column("source", server_default=None)
        batch.alter_column("unit_value", server_default=None)
        batch.alter_column("granted_at", nullable=False)
    left = sa.text("remaining > 0")
    op.create_index("ix_lots_expires_at", "lots", ["expires_at"], postgresql_where=left, sqlite_where=left)
    with op.batch_alter_table("lot_uses") as batch:
        batch.drop_constraint(op.f("ck_lot_uses_takes_something"), type_="check")
        batch.create_check_constraint(op.f("ck_lot_uses_moves_something"), "amount <> 0")
    # What a closed lease gave back is now written down on the lot that got it back, too.
    op.execute(
        "INSERT INTO lot_uses (transfer, lot, amount)"
        " SELECT u.transfer, l.origin, -sum(u.amount) FROM lot_uses u JOIN lots l ON l.id = u.lot"
        " JOIN transfers t ON t.id = u.transfer WHERE t.kind = 'lease.closed' GROUP BY u.transfer, l.origin"
    )
    op.create_table(
        "tallies",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("used", BIG, nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_tallies_counts_up")),
        sa.PrimaryKeyConstraint("id", name="pk_tallies"),
    )
    op.create_table(
        "rollups",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("unit", CODE, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("debited", BIG, nullable=False),
        sa.Column("credited", BIG, nullable=False),
        sa.PrimaryKeyConstraint("account", "unit", "day", name="pk_rollups"),
    )


def _narrow_the_ledger() -> None:
    op.execute("DELETE FROM lot_uses WHERE amount < 0")
    with op.batch_alter_table("lot_uses") as batch:
        batch.drop_constraint(op.f("ck_lot_uses_moves_something"), type_="check")
        batch.create_check_constraint(op.f("ck_lot_uses_takes_something"), "amount > 0")
    op.drop_index("ix_lots_expires_at", "lots")
    with op.batch_alter_table("lots") as batch:
        for column in ("source", "unit_value", "granted_at"):
            batch.drop_column(column)
    op.drop_index("ix_transfers_recorded_at", "transfers")
    op.drop_index("ix_transfers_reverses", "transfers")
    with op.batch_alter_table("transfers") as batch:
        for column in ("reverses", "reason"):
            batch.drop_column(column)
    op.execute("DELETE FROM lots WHERE account IN (SELECT id FROM accounts WHERE book = 'principal')")
    op.execute("UPDATE accounts SET has_lots = false WHERE book = 'principal'")


def _make_holds_and_approvals() -> None:
    op.create_table(
        "holds",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("store", CODE, nullable=False),
        sa.Column("book", CODE, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("captured", BIG, nullable=False),
        sa.Column("state", CODE, nullable=False),
        sa.Column("actor", CODE, nullable=False),
        sa.Column("placed_at", MOMENT, nullable=False),
        sa.Column("deadline", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.CheckConstraint("state IN ('open', 'captured', 'released', 'expired')", name=op.f("ck_holds_state_known")),
        sa.CheckConstraint("captured >= 0 AND captured <= amount", name=op.f("ck_holds_within_hold")),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_holds_member_members"),
        sa.ForeignKeyConstraint(["store"], ["stores.id"], name="fk_holds_store_stores"),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    op.create_index("ix_holds_member", "holds", ["member"])
    still = sa.text("state = 'open'")
    op.create_index("ix_holds_deadline", "holds", ["deadline"], postgresql_where=still, sqlite_where=still)
    op.create_table(
        "approvals",
        sa.Column("request", sa.Uuid(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("content", sa.LargeBinary(32), nullable=False),
        sa.Column("actor", CODE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("request", name="pk_approvals"),
    )


def _widen_people_and_places() -> None:
    _add("api_keys", sa.Column("role", CODE, nullable=False, server_default=""))
    _add("stores", sa.Column("jurisdiction", CODE, nullable=False, server_default="CN"))
    with op.batch_alter_table("members") as batch:
        batch.add_column(sa.Column("identified_at", MOMENT, nullable=True))
    with op.batch_alter_table("leases") as batch:
        batch.drop_constraint(op.f("ck_leases_state_known"), type_="check")
        batch.create_check_constraint(
            op.f("ck_leases_state_known"), "state IN ('granted', 'accepted', 'closed', 'written_off')"
        )


def _add(table: str, *columns: sa.Column[Any]) -> None:
    """Add columns that every row so far has one value for; new rows must give their own."""
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.add_column(column)
    with op.batch_alter_table(table) as batch:
        for column in columns:
            batch.alter_column(column.name, server_default=None)


def _make_returns() -> None:
    paid = ("points_paid", "value_paid")
    for table, columns in (("purchases", paid), ("purchase_lines", ("qualifying", *paid))):
        _add(table, *(sa.Column(name, BIG, nullable=False, server_default="0") for name in columns))
    _share_qualifying_points()
    op.create_table(
        "returns",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("purchase", sa.Uuid(), nullable=False),
        sa.Column("store", CODE, nullable=False),
        sa.Column("receipt", CODE, nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, BIG, nullable=False)
            for name in (
                *("amount", "points_back", "points_owed", "points_forgiven"),
                *("points_given", "value_given", "qualifying_back"),
            )
        ),
        sa.Column("content", sa.LargeBinary(32), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("returned_at", MOMENT, nullable=False),
        sa.Column("actor", CODE, nullable=False),
        sa.ForeignKeyConstraint(["purchase"], ["purchases.id"], name="fk_returns_purchase_purchases"),
        sa.ForeignKeyConstraint(["store"], ["stores.id"], name="fk_returns_store_stores"),
        sa.PrimaryKeyConstraint("id", name="pk_returns"),
        sa.UniqueConstraint("receipt", "store", name="uq_returns_receipt_store"),
    )
    op.create_index("ix_returns_purchase", "returns", ["purchase"])
    op.create_index("ix_returns_member", "returns", ["member"])
    op.create_table(
        "return_lines",
        sa.Column("of", sa.Uuid(), nullable=False),
        sa.Column("line", BIG, nullable=False),
        sa.Column("purchase", sa.Uuid(), nullable=False),
        *(
            sa.Column(name, BIG, nullable=False)
            for name in ("quantity", "amount", "points", "qualifying", "points_given")
        ),
        sa.ForeignKeyConstraint(["of"], ["returns.id"], name="fk_return_lines_of_returns"),
        sa.PrimaryKeyConstraint("of", "line", name="pk_return_lines"),
    )
    op.create_index("ix_return_lines_purchase", "return_lines", ["purchase"])


def _share_qualifying_points() -> None:
    """Give each line its share of the purchase's qualifying points, by amount; the last line takes what is left."""
    connection = op.get_bind()
    earned = connection.execute(
        sa.text(
            "SELECT t.amount, p.id, p.amount AS paid FROM transfers t JOIN purchases p ON p.id = t.fact"
            " WHERE t.kind = 'qualifying.earned'"
        )
    ).all()
    read = sa.text("SELECT line, amount FROM purchase_lines WHERE purchase = :purchase ORDER BY line")
    write = sa.text("UPDATE purchase_lines SET qualifying = :share WHERE purchase = :purchase AND line = :line")
    for purchase in earned:
        before, paid = 0, 0
        for line in connection.execute(read, {"purchase": purchase.id}).all():
            paid += line.amount
            upto = purchase.amount * paid // purchase.paid if purchase.paid else 0
            connection.execute(write, {"share": upto - before, "purchase": purchase.id, "line": line.line})
            before = upto


def _make_wallet_receipts() -> None:
    op.create_table(
        "wallet_receipts",
        sa.Column("id", sa.Uuid(), nullable=False),
        sa.Column("kind", CODE, nullable=False),
        sa.Column("store", CODE, nullable=False),
        sa.Column("receipt", CODE, nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("unit", CODE, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("principal", BIG, nullable=False),
        sa.Column("bonus", BIG, nullable=False),
        sa.Column("of", sa.Uuid(), nullable=True),
        sa.Column("content", sa.LargeBinary(32), nullable=False),
        sa.Column("details", JSON, nullable=False),
        sa.Column("actor", CODE, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(WALLET_KINDS, name=op.f("ck_wallet_receipts_kind_known")),
        sa.CheckConstraint(
            "amount >= 0 AND principal >= 0 AND bonus >= 0", name=op.f("ck_wallet_receipts_not_negative")
        ),
        sa.ForeignKeyConstraint(["store"], ["stores.id"], name="fk_wallet_receipts_store_stores"),
        sa.PrimaryKeyConstraint("id", name="pk_wallet_receipts"),
        sa.UniqueConstraint("receipt", "store", "kind", name="uq_wallet_receipts_receipt_store_kind"),
    )
    op.create_index("ix_wallet_receipts_member", "wallet_receipts", ["member"])
    op.create_index("ix_wallet_receipts_of", "wallet_receipts", ["of"])


def _make_day_ends() -> None:
    op.create_table(
        "day_ends",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("step", CODE, nullable=False),
        sa.Column("cursor", CODE, nullable=False),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("figures", JSON, nullable=False),
        sa.CheckConstraint("(step = 'done') = (finished_at IS NOT NULL)", name=op.f("ck_day_ends_done_when_finished")),
        sa.PrimaryKeyConstraint("day", name="pk_day_ends"),
    )
    op.create_table(
        "late_members",
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_late_members_member_members"),
        sa.PrimaryKeyConstraint("member", name="pk_late_members"),
    )
    op.create_table(
        "expiry_notices",
        sa.Column("account", sa.Uuid(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("member", sa.Uuid(), nullable=False),
        sa.Column("book", CODE, nullable=False),
        sa.Column("amount", BIG, nullable=False),
        sa.Column("noticed_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["member"], ["members.id"], name="fk_expiry_notices_member_members"),
        sa.PrimaryKeyConstraint("account", "expires_at", name="pk_expiry_notices"),
    )
    op.create_index("ix_expiry_notices_member", "expiry_notices", ["member"])
    op.create_index("ix_expiry_notices_noticed_at", "expiry_notices", ["noticed_at"])
    op.create_table(
        "periods",
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("figures", JSON, nullable=False),
        sa.Column("closed_by", CODE, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_periods"),
    )


def _fill_wallets() -> None:
    """Make every top-up so far a lot of its own, which nothing has been taken from, and a receipt.

    A receipt number that came twice under two request ids was booked twice; the first of them keeps the number.
    """
    connection = op.get_bind()
    op.execute("UPDATE accounts SET has_lots = true WHERE book = 'principal'")
    query = "SELECT t.*, a.owner, a.unit FROM transfers t JOIN accounts a ON a.id = t.credit"
    top_ups = connection.execute(
        sa.text(f"{query} WHERE t.kind = 'stored_value.topped_up' ORDER BY t.recorded_at, t.id")
    ).all()
    known = set()
    for top_up in top_ups:
        values = {
            "id": _plain(_derived(_uuid(top_up.id), "lot")),
            "account": top_up.credit,
            "amount": top_up.amount,
            "at": top_up.effective_at,
        }
        connection.execute(
            sa.text(
                "INSERT INTO lots (id, account, source, granted, remaining, unit_value, granted_at, active_from)"
                " VALUES (:id, :account, 'top_up', :amount, :amount, 10000, :at, :at)"
            ),
            values,
        )
        cause = _read(top_up.cause)
        if (cause["store"], cause["receipt"]) in known:
            continue
        known.add((cause["store"], cause["receipt"]))
        _insert_receipt(top_up, cause)


def _insert_receipt(top_up: Any, cause: dict[str, Any]) -> None:
    connection = op.get_bind()
    details = "CAST('{}' AS JSONB)" if connection.dialect.name == "postgresql" else "'{}'"
    connection.execute(
        sa.text(
            "INSERT INTO wallet_receipts (id, kind, store, receipt, member, unit, amount, principal, bonus, content,"  # noqa: S608
            f" details, actor, at) VALUES (:id, 'top_up', :store, :receipt, :member, :unit, :amount, :amount, 0,"
            f" :content, {details}, :actor, :at)"
        ),
        {
            "id": top_up.fact,
            "store": cause["store"],
            "receipt": cause["receipt"],
            "member": top_up.owner,
            "unit": top_up.unit,
            "amount": top_up.amount,
            "content": bytes(32),
            "actor": top_up.actor,
            "at": top_up.effective_at,
        },
    )


def _uuid(value: Any) -> uuid.UUID:
    return value if isinstance(value, uuid.UUID) else uuid.UUID(hex=value)


def _plain(value: uuid.UUID) -> Any:
    return value.hex if op.get_bind().dialect.name == "sqlite" else value


def _derived(parent: uuid.UUID, part: str) -> uuid.UUID:
    """As `protocol.ids.derived_id` was when this revision was written."""
    digest = int.from_bytes(hashlib.sha256(parent.bytes + part.encode()).digest()[:16], "big")
    return uuid.UUID(int=digest & ~(0xF << 76 | 0x3 << 62) | 8 << 76 | 2 << 62)
