from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from hub.staff.keys import issue_key
from hub.staff.permissions import Permission, Role
from tests.hub.api import Api
from tests.hub.points.acts import LIMITS, OFFERED, put
from tests.hub.world import STORE, World


class Counter(Api):
    """The API, with a member and a second one."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.member, self.other = world.add_member(), world.add_member("周明")

    def adjust(self, points: int, **call: Any) -> Any:
        body = {"points": points, "reason": "a spoilt coffee", "store": STORE}
        return self.call("POST", f"/v1/members/{self.member}/adjustments", body, **call)

    def pass_on(self, points: int, **call: Any) -> Any:
        body = {"from": str(self.member), "to": str(self.other), "points": points, "store": STORE, "message": "for you"}
        return self.call("POST", "/v1/points-transfers", body, **call)

    def new_key(self, role: Role | None, *permissions: Permission) -> str:
        world = self.world
        with world.hub.database.write() as session:
            return issue_key(
                session,
                "x",
                permissions or Permission,
                stores=[],
                role=role,
                now=world.clock.now,
                random=world.random.randbytes,
            )[1]


@pytest.fixture
def counter(world: World) -> Iterator[Counter]:
    opened = Counter(world)
    put(world, "adjustments", LIMITS)
    put(world, "transfers", OFFERED)
    with opened.client:
        yield opened


@pytest.fixture
def small_counter(small_world: World) -> Iterator[Counter]:
    opened = Counter(small_world)
    put(small_world, "adjustments", LIMITS)
    put(small_world, "transfers", OFFERED)
    with opened.client:
        yield opened


def test_staff_adjust_within_the_limit_of_their_role(counter: Counter) -> None:
    key = counter.new_key(Role.CASHIER, Permission.ADJUSTMENTS_WRITE)

    given, taken, beyond = counter.adjust(100, key=key), counter.adjust(-40, key=key), counter.adjust(101, key=key)

    assert (given.status_code, given.json()["balance"]) == (201, 100)
    assert (taken.status_code, taken.json()["points"], taken.json()["balance"]) == (201, -40, 60)
    assert (beyond.status_code, beyond.json()["state"]) == (202, "waiting")


@pytest.mark.parametrize("body", [{"points": 5}, {"reason": ""}, {"reason": " "}, {"points": 10**9 + 1}, {"x": 1}])
def test_an_adjustment_needs_points_and_a_reason(small_counter: Counter, body: dict[str, Any]) -> None:
    right = {"points": 5, "reason": "why", "store": STORE}
    wrong = {"points": 5, "store": STORE} if body == {"points": 5} else right | body

    response = small_counter.call("POST", f"/v1/members/{small_counter.member}/adjustments", wrong)

    assert (response.status_code, response.json()["code"]) == (422, "request.invalid")


def test_members_pass_points_on(counter: Counter) -> None:
    counter.world.earn(counter.member, 500)
    request = str(uuid4())

    first, again = counter.pass_on(120, request=request), counter.pass_on(120, request=request)
    other = counter.pass_on(121, request=request)

    assert first.status_code == 201
    assert (first.json()["balance"], first.json()["left_today"]) == (380, 180)
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "request.conflict")
    assert counter.world.balance(counter.other) == 120


def test_both_members_statements_tell_of_the_transfer(counter: Counter) -> None:
    counter.world.earn(counter.member, 500)
    counter.pass_on(120)

    newest = [
        counter.call("GET", f"/v1/members/{member}/statement").json()["movements"][0]
        for member in (counter.member, counter.other)
    ]

    assert [(movement["kind"], movement["amount"]) for movement in newest] == [
        ("points.transferred", -120),
        ("points.transferred", 120),
    ]


@pytest.mark.parametrize("path", ["/v1/points-transfers", "/v1/members/{member}/adjustments"])
def test_a_key_of_one_store_acts_for_that_store_only(small_counter: Counter, path: str) -> None:
    key = small_counter.key(*Permission, stores=("S02",))
    act = small_counter.pass_on if path.endswith("transfers") else small_counter.adjust

    response = act(50, key=key)

    assert (response.status_code, response.json()["code"]) == (403, "store.out_of_scope")


def test_adjusting_and_passing_on_are_rights_of_their_own(small_counter: Counter) -> None:
    asking = small_counter.new_key(Role.CASHIER, Permission.ADJUSTMENTS_WRITE)
    approving = small_counter.new_key(Role.CASHIER, Permission.APPROVALS_WRITE)

    answers = [small_counter.adjust(5, key=approving), small_counter.pass_on(10, key=asking)]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "permission.denied")] * 2
