"""A log on each kind of database: six entries, anchored, three more, anchored, and one that is not anchored yet."""

from pathlib import Path

import pytest

from tests.hub.audit.log import Log
from tests.hub.world import World


@pytest.fixture
def log(world: World, tmp_path: Path) -> Log:
    """A log to tamper with."""
    made = Log(world, tmp_path / "audit-heads")
    made.write(6)
    made.anchor()
    made.write(3)
    made.anchor()
    made.write(1)
    return made
