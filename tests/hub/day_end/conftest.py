"""A world at the end of its days, on each kind of database and on SQLite alone."""

import pytest

from tests.hub.day_end.evening import Evening
from tests.hub.world import World


@pytest.fixture
def evening(world: World) -> Evening:
    """On each kind of database."""
    return Evening(world)


@pytest.fixture
def small_evening(small_world: World) -> Evening:
    """On SQLite, for tests that are about something else."""
    return Evening(small_world)
