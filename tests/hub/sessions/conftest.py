"""Doors of hubs, with and without a provider of log-ins behind them."""

from collections.abc import Iterator

import pytest

from hub.sessions.outside import Client
from tests.hub.sessions.browser import REDIRECT, door_of
from tests.hub.sessions.door import Door
from tests.hub.world import World
from tests.services.provider import RunningProvider, running


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


@pytest.fixture(scope="session")
def provider() -> Iterator[RunningProvider]:
    with running(REDIRECT, "a secret of the client and the provider") as started:
        yield started


@pytest.fixture
def client(provider: RunningProvider) -> Client:
    return Client(provider.issuer, "hub", provider.secret, REDIRECT)


@pytest.fixture
def hq(world: World, client: Client) -> Iterator[Door]:
    door = door_of(world, client)
    with door.client:
        yield door
