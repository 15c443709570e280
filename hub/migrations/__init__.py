"""The shape of the database, one revision after the other. They only ever go forwards in production.

A change expands first and contracts a release later, so that old and new processes can run side by side.
"""

from alembic import command
from alembic.config import Config

HEAD = "head"


def config(url: str) -> Config:
    """Alembic's configuration for one database."""
    settings = Config()
    settings.set_main_option("script_location", "hub:migrations")
    settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return settings


def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring a database forwards to a revision."""
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take a database back to a revision; for rehearsals, since data of newer columns is lost."""
    command.downgrade(config(url), revision)
