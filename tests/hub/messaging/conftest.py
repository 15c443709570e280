"""The line of a small chain."""

import pytest

from tests.hub.messaging.line import Line
from tests.hub.world import World


@pytest.fixture
def line(world: World) -> Line:
    return Line(world)
