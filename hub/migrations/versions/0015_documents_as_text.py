"""Documents are kept as they were written, and what comes in the order of time is found by a summary of blocks.

On PostgreSQL alone: nobody looks into a document there, and JSONB takes each one apart before it is stored.
"""

from itertools import groupby

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

TIMES = (("facts", "received_at"), ("purchases", "purchased_at"))


def upgrade() -> None:
    _change("jsonb", "json", "brin")


def downgrade() -> None:
    _change("json", "jsonb", "btree")


def _change(before: str, after: str, method: str) -> None:
    connection = op.get_bind()
    if connection.dialect.name == "sqlite":
        return
    query = "SELECT table_name, column_name FROM information_schema.columns"
    where = "table_schema = current_schema() AND data_type = :before ORDER BY table_name, column_name"
    found = connection.execute(sa.text(f"{query} WHERE {where}"), {"before": before}).all()
    for table, columns in groupby(found, lambda row: row.table_name):
        # One statement for a table, so that it is written anew only once.
        changes = (f"ALTER {row.column_name} TYPE {after} USING {row.column_name}::{after}" for row in columns)
        op.execute(f"ALTER TABLE {table} {', '.join(changes)}")
    for table, column in TIMES:
        op.drop_index(op.f(f"ix_{table}_{column}"), table)
        op.create_index(op.f(f"ix_{table}_{column}"), table, [column], postgresql_using=method)
