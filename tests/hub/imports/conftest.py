"""A desk at which files are brought in, on each kind of database and on SQLite alone."""

from collections.abc import Iterator

import pytest

from tests.hub.imports.desk import Desk
from tests.hub.world import World


@pytest.fixture
def desk(world: World) -> Iterator[Desk]:
    opened = Desk(world)
    with opened.client:
        yield opened


@pytest.fixture
def small_desk(small_world: World) -> Iterator[Desk]:
    opened = Desk(small_world)
    with opened.client:
        yield opened
