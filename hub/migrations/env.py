"""Alembic's entry: how a migration connects, and what the models say the database should look like."""

from alembic import context
from sqlalchemy import Connection

from hub.db.session import Database
from hub.models import Base


def migrate(connection: Connection) -> None:
    """Run the migrations on one connection, in one transaction where the database can do that."""
    # SQLite changes a table by building it anew; foreign keys would see the moment in between.
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.exec_driver_sql("COMMIT")
        connection.exec_driver_sql("PRAGMA foreign_keys = OFF")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    context.configure(connection=connection, target_metadata=Base.metadata, render_as_batch=sqlite)
    with context.begin_transaction():
        context.run_migrations()


database = Database(context.config.get_main_option("sqlalchemy.url") or "")
with database.engine.connect() as opened:
    migrate(opened)
    opened.commit()
database.close()
