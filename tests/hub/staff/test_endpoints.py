from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.audit.models import AuditEntry
from hub.staff.keys import issue_key
from hub.staff.models import ApiKey
from hub.staff.permissions import Permission, Role
from tests.hub.api import Api
from tests.hub.world import START, STORE, World

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

    def approve(self, *, key: str = "", **given: Any) -> Any:
        body = {
            "request": str(uuid4()),
            "act": "adjustment",
            "member": MEMBER,
            "points": 500,
            "reason": "a spoilt coffee",
            "store": STORE,
        }
        return self.call("POST", "/v1/approvals", body | given, key=key)

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


def test_an_approval_is_kept_with_its_giver_and_written_down(office_on_each_database: Office) -> None:
    office = office_on_each_database

    given = office.approve()

    [approval] = office.rows(Approval)
    [entry] = office.rows(AuditEntry)
    assert given.status_code == 201
    assert given.json() == {"request": str(approval.request), "act": "adjustment", "actor": approval.actor}
    assert (approval.kind, approval.at) == ("points.adjusted", START)
    assert (entry.action, entry.subject, entry.actor) == ("approval.given", str(approval.request), approval.actor)
    assert entry.after == {"act": "adjustment", "member": MEMBER, "points": 500}


def test_the_same_approval_can_be_given_again(office_on_each_database: Office) -> None:
    office, request = office_on_each_database, str(uuid4())

    first, second = office.approve(request=request), office.approve(request=request)

    assert (first.status_code, second.status_code) == (201, 201)
    assert first.json() == second.json()
    assert len(office.rows(AuditEntry)) == 1


@pytest.mark.parametrize(
    "change", [{"points": 501}, {"reason": "another"}, {"member": str(UUID(int=8 << 64))}, {"store": "S02"}, {"key": 1}]
)
def test_a_request_is_approved_once(office: Office, change: dict[str, Any]) -> None:
    request = str(uuid4())
    office.approve(request=request)
    if "key" in change:
        change = {"key": office.role_key(None, Permission.APPROVALS_WRITE)}

    response = office.approve(request=request, **change)

    assert (response.status_code, response.json()["code"]) == (409, "request.conflict")
    assert len(office.rows(Approval)) == 1


def test_a_key_of_one_store_approves_for_that_store_only(office: Office) -> None:
    key = office.role_key(None, Permission.APPROVALS_WRITE, stores=("S02",))

    here, elsewhere = office.approve(key=key, store="S02"), office.approve(key=key)

    assert here.status_code == 201
    assert (elsewhere.status_code, elsewhere.json()["code"]) == (403, "store.out_of_scope")


@pytest.mark.parametrize(
    "wrong", [{"act": "erasure"}, {"request": "x"}, {"reason": ""}, {"points": "many"}, {"store": ""}, {"x": 1}]
)
def test_what_is_no_approval_is_refused(office: Office, wrong: dict[str, Any]) -> None:
    response = office.approve(**wrong)

    assert (response.status_code, response.json()["code"]) == (422, "request.invalid")
