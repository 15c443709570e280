"""What every test run needs once: a PostgreSQL server, and one migrated database of each kind to copy from."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import settings

from tests.services.memory import new_folder
from tests.services.postgresql import FORGETFUL, Server, free_port

# How long an example takes says nothing on a machine that others use too.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")

TEMPLATES = "MEMBERTAP_TEST_TEMPLATES"
POSTGRESQL = "MEMBERTAP_TEST_POSTGRESQL"
TEMPLATE_DATABASE = "template_hub"

_server: Server | None = None


def pytest_configure(config: pytest.Config) -> None:
    """Start the server before the workers are made; they find it by the environment."""
    global _server  # noqa: PLW0603 - pytest gives its hooks no other place
    if hasattr(config, "workerinput") or config.option.collectonly or POSTGRESQL in os.environ:
        return
    _server = Server.start(free_port(), FORGETFUL)
    os.environ[POSTGRESQL] = str(_server.port)
    os.environ[TEMPLATES] = str(new_folder("membertap-templates-"))


def pytest_unconfigure() -> None:
    """Stop the server that was started here, and remove the templates."""
    if _server is not None:
        _server.stop()
        shutil.rmtree(os.environ[TEMPLATES], ignore_errors=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that say they take long, so that no worker is left alone with them at the end."""
    items.sort(key=lambda item: item.get_closest_marker("timeout") is None)


@pytest.fixture(scope="session")
def templates() -> Path:
    """Folder for what is made once and copied by every test."""
    return Path(os.environ[TEMPLATES])
