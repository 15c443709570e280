"""The door of a hub: people who try to get in."""

from typing import Any

from pyotp import TOTP

from hub.sessions import totp
from hub.sessions.factors import place_of
from hub.staff.models import Person
from hub.staff.permissions import Role
from tests.hub.api import Api

PASSWORD = "correct horse battery"
SECRET = bytes(range(20))


class Door(Api):
    """The API as somebody at its door uses it."""

    def person(self, role: str = Role.CASHIER, **overrides: Any) -> Person:
        return self.world.add_person(role, **{"login": "anna", "password": PASSWORD} | overrides)

    def with_codes(self, role: str = Role.STORE_MANAGER, **overrides: Any) -> Person:
        """Somebody who has set up codes."""
        person = self.person(role, **overrides)
        with self.world.hub.database.write() as session:
            found = session.get_one(Person, person.id)
            found.totp_secret = self.world.hub.vault.wrap_secret(SECRET, place_of(found))
        return person

    def code(self) -> str:
        return TOTP(totp.text_of(SECRET)).at(self.world.clock.now)

    def log_in(self, login: str = "anna", password: str = PASSWORD, **more: Any) -> Any:
        return self.post("/v1/sessions", {"login": login, "password": password, **more})

    def second(self, ticket: str, **proof: Any) -> Any:
        return self.post("/v1/sessions/second-factor", {"ticket": ticket, **proof})

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(path, json=body, headers={"user-agent": "a browser", **headers})

    def session(self, token: str) -> Any:
        return self.call("GET", "/v1/session", key=token)
