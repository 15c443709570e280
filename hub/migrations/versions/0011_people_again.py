"""What people, rights and the law still lacked: entries of the audit log that are hashed under a key."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Entries that are there keep their hashes, without a key; nothing is rewritten, so their guard stays."""
    op.add_column("audit", sa.Column("key", sa.String(64), nullable=True))


def downgrade() -> None:
    """Hashes that were made under a key look wrong to the earlier verifier from then on."""
    op.drop_column("audit", "key")
