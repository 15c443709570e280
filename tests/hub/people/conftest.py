"""An office where people are let in, changed and locked out."""

from collections.abc import Iterator
from typing import Any

import pytest
from pyotp import TOTP

from tests.hub.api import Api
from tests.hub.world import STORE, World

PASSWORD = "correct horse battery"


class Office(Api):
    """The API as those use it who look after people."""

    def add(self, *, key: str, request: str = "", **body: Any) -> Any:
        whole = {"login": "bob", "name": "Bob Wu", "role": "cashier", "stores": [STORE], "regions": [], **body}
        return self.call("POST", "/v1/people", whole, key=key, request=request)

    def open(self, token: str) -> Any:
        return self.call("POST", "/v1/invitations/open", {"token": token}, key=None)

    def accept(self, token: str, **chosen: Any) -> Any:
        body = {"token": token, "password": PASSWORD, **chosen}
        return self.call("POST", "/v1/invitations/accept", body, key=None)

    def code(self, token: str) -> str:
        return TOTP(self.open(token).json()["secret"]).at(self.world.clock.now)

    def log_in(self, login: str, password: str = PASSWORD) -> Any:
        return self.call("POST", "/v1/sessions", {"login": login, "password": password}, key=None)

    def change(self, person: str, *, key: str, **body: Any) -> Any:
        return self.call("PATCH", f"/v1/people/{person}", {"reason": "a new job", **body}, key=key)

    def step(self, person: str, what: str, *, key: str) -> Any:
        return self.call("POST", f"/v1/people/{person}/{what}", {"reason": "as agreed"}, key=key)

    def me(self, token: str) -> Any:
        return self.call("GET", "/v1/session", key=token)


@pytest.fixture
def office(small_world: World) -> Iterator[Office]:
    opened = Office(small_world)
    with opened.client:
        yield opened


@pytest.fixture
def office_on_each_database(world: World) -> Iterator[Office]:
    opened = Office(world)
    with opened.client:
        yield opened
