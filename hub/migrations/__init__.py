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


class OlderDatabaseError(SetupError):
    """The database was not migrated yet to what this program needs."""


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


def insist(url: str) -> None:
    """Insist that a database has what this program needs; one that is newer has it too.

    Raises:
        OlderDatabaseError: if it must be migrated first.
    """
    stands_at = _revisions(url)
    if not stands_at or (stands_at <= _known(url) and stands_at != set(_scripts(url).get_heads())):
        raise OlderDatabaseError("the database is older than this program; run the command `migrate` first")


def _scripts(url: str) -> ScriptDirectory:
    return ScriptDirectory.from_config(config(url))


def _known(url: str) -> set[str]:
    return {script.revision for script in _scripts(url).walk_revisions()}


def _revisions(url: str) -> set[str]:
    with closing(Database(url)) as database, database.engine.connect() as connection:
        return set(MigrationContext.configure(connection).get_current_heads())


def _refuse_newer(url: str) -> None:
    unknown = _revisions(url) - _known(url)
    if unknown:
        raise NewerDatabaseError(
            f"the database is newer than this program: it stands at {', '.join(sorted(unknown))}; run the newer program"
        )
