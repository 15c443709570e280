import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.__main__ import COMMANDS
from tests.hub.settings_files import write_settings


def hub(*words: object) -> subprocess.CompletedProcess[str]:
    """The hub's command line as a person uses it."""
    command = [sys.executable, "-m", "hub", *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)


@pytest.fixture
def settings(tmp_path: Path) -> Iterator[Path]:
    yield write_settings(tmp_path, "sqlite:///never.db", more='password = "hunter2"')
    assert not Path("never.db").exists()


def test_help_names_every_command() -> None:
    result = hub("--help")

    assert result.returncode == 0
    assert [command for command in COMMANDS if command not in result.stdout] == []


def test_what_the_user_can_put_right_is_a_sentence_and_not_a_traceback(settings: Path) -> None:
    result = hub("prove", "--settings", settings)

    assert (result.returncode, result.stdout) == (1, "")
    assert result.stderr.startswith("hub.toml cannot be used:")
    assert "password" in result.stderr
    assert "hunter2" not in result.stderr
    assert "Traceback" not in result.stderr


def test_settings_that_are_not_there_are_told_so(tmp_path: Path) -> None:
    result = hub("jobs", "--settings", tmp_path / "nothing.toml")

    assert result.returncode == 2
    assert "does not exist" in result.stderr


def test_an_unknown_command_is_told_so() -> None:
    result = hub("dance")

    assert result.returncode == 2
    assert "No such command" in result.stderr


def test_every_command_has_a_help_of_its_own() -> None:
    result = hub("add-kiosk", "--help")

    assert result.returncode == 0
    assert "--settings" in result.stdout
