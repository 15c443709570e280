"""Two members that are one person, on each kind of database and on SQLite alone."""

import pytest

from tests.hub.merges.couple import Couple
from tests.hub.world import World


@pytest.fixture
def couple(world: World) -> Couple:
    return Couple(world)


@pytest.fixture
def small_couple(small_world: World) -> Couple:
    return Couple(small_world)
