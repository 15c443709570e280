"""Keys of the codes on receipts."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
CODE = sa.String(64)


def upgrade() -> None:
    op.create_table(
        "receipt_keys",
        sa.Column("id", CODE, nullable=False),
        sa.Column("store", CODE, nullable=False),
        sa.Column("public_key", sa.LargeBinary(200), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("revoked_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["store"], ["stores.id"], name=op.f("fk_receipt_keys_store_stores")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_receipt_keys")),
    )
    op.create_index(op.f("ix_receipt_keys_store"), "receipt_keys", ["store"])


def downgrade() -> None:
    op.drop_index(op.f("ix_receipt_keys_store"), "receipt_keys")
    op.drop_table("receipt_keys")
