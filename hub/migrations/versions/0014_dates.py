"""Facts and purchases are found by when they came: what is asked every few minutes read all of them."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(op.f("ix_facts_received_at"), "facts", ["received_at"])
    op.create_index(op.f("ix_purchases_purchased_at"), "purchases", ["purchased_at"])


def downgrade() -> None:
    op.drop_index(op.f("ix_purchases_purchased_at"), "purchases")
    op.drop_index(op.f("ix_facts_received_at"), "facts")
