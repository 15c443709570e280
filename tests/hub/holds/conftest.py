"""A till that holds value, on each kind of database and on SQLite alone."""

import pytest

from tests.hub.holds.till import Till
from tests.hub.world import World


@pytest.fixture
def till(world: World) -> Till:
    """A member with 500 points, on each kind of database."""
    return with_points(world)


@pytest.fixture
def small_till(small_world: World) -> Till:
    """A member with 500 points on SQLite, for tests that are about rules."""
    return with_points(small_world)


def with_points(world: World) -> Till:
    """A member whose 500 points lie in two lots, 300 and 200, of which the first expires ten days before the other."""
    till = Till(world)
    world.earn(till.member, 300)
    world.clock.pass_(days=10)
    world.earn(till.member, 200)
    return till
