"""A shop on each kind of database."""

import pytest

from tests.hub.returns.shop import Shop
from tests.hub.world import World


@pytest.fixture
def shop(world: World) -> Shop:
    """A member who buys and brings back."""
    return Shop(world)
