"""An office on each kind of database, and on SQLite alone."""

from collections.abc import Iterator

import pytest

from tests.hub.approvals.office import Office
from tests.hub.world import World


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    """Somebody asks and somebody answers, on each kind of database."""
    opened = Office(world)
    with opened.client:
        yield opened


@pytest.fixture
def small_office(small_world: World) -> Iterator[Office]:
    """Somebody asks and somebody answers, on SQLite."""
    opened = Office(small_world)
    with opened.client:
        yield opened
