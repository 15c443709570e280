"""Keeps the rows of a new revision for ever: `python -m tests.hub.migrations.record REVISION`, once per revision.

What is kept was written by the models of that day. It is never recorded again: later models write other rows.
"""

import sys
import tempfile
from pathlib import Path

from hub import migrations
from hub.db.session import Database
from hub.models import Base
from tests.hub.migrations import day, rows
from tests.hub.world import World


def record(revision: str) -> None:
    """Play the day on a new database and keep its rows under a revision: the newest, or one that a release has too."""
    path = rows.path_of(revision)
    if path.exists():
        raise FileExistsError(f"the rows of revision {revision} are kept already")
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'hub.db'}"
        migrations.upgrade(url)
        database = Database(url)
        day.play(World.found(database))
        migrations.downgrade(url, revision)
        rows.save(rows.dump(database, Base.metadata), path)
        database.close()


if __name__ == "__main__":
    record(sys.argv[1])
