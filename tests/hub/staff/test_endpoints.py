from collections.abc import Iterator
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select

from hub.audit.models import AuditEntry
from hub.staff.keys import issue_key
from hub.staff.models import ApiKey
from hub.staff.permissions import Permission, Role
from tests.hub.api import Api
from tests.hub.world import START, World

MEMBER = str(UUID(int=9 << 64))


class Office(Api):
    """The API as those use it who make keys and approve."""

    def role_key(self, role: Role | None, *permissions: Permission, stores: tuple[str, ...] = ()) -> str:
        with self.world.hub.database.write() as session:
            return issue_key(
                session,
                "test",
                permissions,
                stores=stores,
                role=role,
                now=START,
                random=self.world.random.randbytes,
            )[1]

    def make(self, role: str | None, *, key: str = "") -> Any:
        return self.call("POST", "/v1/keys", {"name": "x", "permissions": ["members:read"], "role": role}, key=key)

    def rows(self, model: type[Any]) -> list[Any]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(model)).scalars())


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


@pytest.mark.parametrize("role", [*Role, None])
def test_a_key_that_may_do_everything_gives_any_role(office: Office, role: Role | None) -> None:
    made = office.make(role)

    [key] = [key for key in office.rows(ApiKey) if key.name == "x"]
    assert made.status_code == 201
    assert key.role == (role or "")
    [entry] = [entry for entry in office.rows(AuditEntry) if entry.action == "key.made"]
    assert entry.after["role"] == (role or "")


@pytest.mark.parametrize(
    ("own", "given", "status"),
    [
        (Role.CASHIER, "cashier", 201),
        (Role.CASHIER, None, 201),
        (Role.CASHIER, "store_manager", 403),
        (Role.ADMIN, "cashier", 403),
        (None, "cashier", 403),
        (None, None, 201),
    ],
)
def test_any_other_key_gives_its_own_role_alone(
    office: Office, own: Role | None, given: str | None, status: int
) -> None:
    key = office.role_key(own, Permission.KEYS_WRITE, Permission.MEMBERS_READ)

    assert office.make(given, key=key).status_code == status


def test_a_role_that_nobody_knows_is_refused(office: Office) -> None:
    response = office.make("emperor")

    assert (response.status_code, response.json()["code"]) == (422, "request.invalid")
