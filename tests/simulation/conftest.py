"""A fresh SQLite hub for each simulation."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from hub import migrations
from hub.db.session import Database

MakeDatabase = Callable[[], Database]


@pytest.fixture
def make_database(tmp_path: Path) -> MakeDatabase:
    """Makes empty, migrated databases, each in a file of its own."""
    template = tmp_path / "template.db"
    migrations.upgrade(f"sqlite:///{template}")
    made: list[Path] = []

    def make() -> Database:
        path = tmp_path / f"hub{len(made)}.db"
        made.append(path)
        shutil.copy(template, path)
        return Database(f"sqlite:///{path}")

    return make
