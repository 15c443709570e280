"""Keys that rotate, and webhooks."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("api_keys") as batch:
        batch.add_column(sa.Column("old_hash", sa.LargeBinary(32), nullable=True))
        batch.add_column(sa.Column("old_until", MOMENT, nullable=True))
        batch.add_column(sa.Column("expires_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("last_used_at", MOMENT, nullable=True))
        batch.create_unique_constraint(op.f("uq_api_keys_old_hash"), ["old_hash"])


def downgrade() -> None:
    with op.batch_alter_table("api_keys") as batch:
        batch.drop_constraint(op.f("uq_api_keys_old_hash"), type_="unique")
        for column in ("old_hash", "old_until", "expires_at", "last_used_at"):
            batch.drop_column(column)
