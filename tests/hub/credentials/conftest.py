"""Doors of hubs, for people who change how they get in."""

from collections.abc import Iterator

import pytest

from tests.hub.sessions.door import Door
from tests.hub.world import World


@pytest.fixture
def door(small_world: World) -> Iterator[Door]:
    opened = Door(small_world)
    with opened.client:
        yield opened


@pytest.fixture
def door_on_each_database(world: World) -> Iterator[Door]:
    opened = Door(world)
    with opened.client:
        yield opened
