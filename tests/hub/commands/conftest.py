"""An installation on each kind of database, and its command line without a process around it."""

from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from random import Random

import pytest
import typer
from typer.testing import CliRunner, Result

from hub import secrets
from hub.__main__ import COMMANDS
from hub.db.session import Database
from tests.hub.settings_files import write_settings


@dataclass(frozen=True, slots=True)
class Installation:
    """A hub's settings, and the folder that they and the secrets stand in."""

    folder: Path
    settings: Path
    database: Database

    def run(self, command: str, *words: object) -> Result:
        """Run a command; what it raises is in the result."""
        app = typer.Typer(callback=lambda: None)
        app.add_typer(import_module(f"hub.commands.{COMMANDS[command]}").app)
        return CliRunner().invoke(app, [command, *map(str, words)])

    def with_settings(self, command: str, *words: object) -> Result:
        """Run a command that takes the settings."""
        return self.run(command, "--settings", self.settings, *words)


@pytest.fixture
def installation(database: Database, tmp_path: Path) -> Installation:
    """A hub that was made ready, but for its first start."""
    secrets.create(tmp_path / "secrets.json", Random(1).randbytes)
    settings = write_settings(tmp_path, database.url.render_as_string(hide_password=False))
    return Installation(tmp_path, settings, database)
