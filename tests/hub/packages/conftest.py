"""A member with stored value, on each kind of database and on SQLite alone."""

import pytest

from tests.hub.wallet.purse import Purse
from tests.hub.world import World


@pytest.fixture
def purse(world: World) -> Purse:
    """An identified member, on each kind of database."""
    return Purse(world)


@pytest.fixture
def small_purse(small_world: World) -> Purse:
    """An identified member on SQLite, for tests that are about rules."""
    return Purse(small_world)
