"""The shape of the database, one revision after the other. They only ever go forwards in production.

A change expands first and contracts a release later, so that old and new processes can run side by side.
"""

from contextlib import closing

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory

from hub.db.session import Database
from hub.errors import SetupError

HEAD = "head"


class NewerDatabaseError(SetupError):
    """The database was migrated by a newer program than this one."""


def config(url: str) -> Config:
    """Alembic's configuration for one database."""
    settings = Config()
    settings.set_main_option("script_location", "hub:migrations")
    settings.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return settings


def upgrade(url: str, revision: str = HEAD) -> None:
    """Bring a database forwards to a revision.

    Raises:
        NewerDatabaseError: if it stands at a revision that this program does not know.
    """
    _refuse_newer(url)
    command.upgrade(config(url), revision)


def downgrade(url: str, revision: str) -> None:
    """Take a database back to a revision; for rehearsals, since data of newer columns is lost."""
    command.downgrade(config(url), revision)


def _refuse_newer(url: str) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config(url)).walk_revisions()}
    with closing(Database(url)) as database, database.engine.connect() as connection:
        unknown = set(MigrationContext.configure(connection).get_current_heads()) - known
    if unknown:
        raise NewerDatabaseError(
            f"the database is newer than this program: it stands at {', '.join(sorted(unknown))}; run the newer program"
        )
