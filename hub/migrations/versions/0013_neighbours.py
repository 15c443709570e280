"""Where kiosks answer the other kiosks of their store."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("kiosks", sa.Column("address", sa.String(270), nullable=True))


def downgrade() -> None:
    op.drop_column("kiosks", "address")
