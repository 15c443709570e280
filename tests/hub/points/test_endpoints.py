from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from hub.staff.permissions import Permission, Role
from tests.hub.api import Api
from tests.hub.points.acts import LIMITS, NOBODY, OFFERED, put
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

    def approve(self, request: str, amount: int, *, key: str = "", **given: Any) -> Any:
        body = {
            "request": request,
            "act": "adjustment",
            "member": str(self.member),
            "points": amount,
            "reason": "a spoilt coffee",
            "store": STORE,
        }
        return self.call("POST", "/v1/approvals", body | given, key=key)

    def new_key(self, role: Role | None, *permissions: Permission) -> str:
        body = {"name": "x", "permissions": [permission.value for permission in permissions or Permission]}
        return str(self.call("POST", "/v1/keys", body | {"role": role}).json()["secret"])


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
    assert (beyond.status_code, beyond.json()["code"], beyond.json()["data"]) == (
        403,
        "approval.missing",
        {"limit": 100},
    )


def test_an_adjustment_beyond_the_limit_goes_through_once_a_second_person_approved_it(counter: Counter) -> None:
    asking, approving = counter.new_key(Role.CASHIER), counter.new_key(Role.STORE_MANAGER, Permission.APPROVALS_WRITE)
    request = str(uuid4())

    first = counter.adjust(500, key=asking, request=request)
    approval = counter.approve(request, 500, key=approving)
    second = counter.adjust(500, key=asking, request=request)
    third = counter.adjust(500, key=asking, request=request)

    assert [first.status_code, approval.status_code, second.status_code] == [403, 201, 201]
    assert approval.json()["act"] == "adjustment"
    assert second.json() == third.json()
    assert counter.world.balance(counter.member) == 500


@pytest.mark.parametrize(
    ("other", "code"),
    [
        ({"points": 501}, "approval.different"),
        ({"reason": "another reason"}, "approval.different"),
        ({"member": str(NOBODY)}, "approval.different"),
        ({"store": "S02"}, "approval.different"),
        ({}, None),
    ],
)
def test_an_approval_holds_for_the_very_content(
    small_counter: Counter, other: dict[str, Any], code: str | None
) -> None:
    asking, approving, request = small_counter.new_key(None), small_counter.new_key(None), str(uuid4())
    small_counter.approve(request, 500, key=approving, **other)

    response = small_counter.adjust(500, key=asking, request=request)

    assert response.json().get("code") == code
    assert response.status_code == (409 if code else 201)


def test_nobody_approves_what_they_ask_for(small_counter: Counter) -> None:
    request = str(uuid4())
    small_counter.approve(request, 500)

    response = small_counter.adjust(500, request=request)

    assert (response.status_code, response.json()["code"]) == (403, "approval.own")


def test_what_falls_short_though_approved_says_so(small_counter: Counter) -> None:
    approving, request = small_counter.new_key(None), str(uuid4())
    small_counter.approve(request, -500, key=approving)

    response = small_counter.adjust(-500, request=request)

    assert (response.status_code, response.json()["code"], response.json()["data"]) == (
        422,
        "points.short",
        {"short": 500},
    )


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


def test_adjusting_and_approving_are_rights_of_their_own(small_counter: Counter) -> None:
    asking = small_counter.new_key(Role.CASHIER, Permission.ADJUSTMENTS_WRITE)
    approving = small_counter.new_key(Role.CASHIER, Permission.APPROVALS_WRITE)

    answers = [
        small_counter.approve(str(uuid4()), 500, key=asking),
        small_counter.adjust(5, key=approving),
        small_counter.pass_on(10, key=asking),
    ]

    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [(403, "permission.denied")] * 3
