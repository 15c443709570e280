"""The API of a world, on each kind of database, called by somebody who may do everything."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from hub.app import create_app
from tests.hub.world import World


class Office:
    """A world, and its API as headquarters use it."""

    def __init__(self, world: World, client: TestClient) -> None:
        self.world = world
        self.client = client

    def call(self, method: str, path: str, *, language: str = "en", **query: Any) -> Any:
        headers = {
            "Authorization": f"Bearer {self.world.till_key}",
            "Accept-Language": language,
            "Idempotency-Key": str(uuid4()),
        }
        return self.client.request(method, path, params=query, headers=headers)

    def get(self, path: str, **query: Any) -> Any:
        response = self.call("GET", path, **query)
        assert response.status_code == 200, response.text
        return response.json()


@pytest.fixture
def office(world: World) -> Iterator[Office]:
    with TestClient(create_app(world.hub), raise_server_exceptions=False) as client:
        yield Office(world, client)


@pytest.fixture
def small_office(small_world: World) -> Iterator[Office]:
    with TestClient(create_app(small_world.hub), raise_server_exceptions=False) as client:
        yield Office(small_world, client)
