from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest

from hub.staff.permissions import Permission
from tests.hub.api import Api
from tests.hub.points.acts import NOBODY
from tests.hub.world import STORE, World


class Counter(Api):
    """The API as a till uses it that holds points of one member."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.member = world.add_member()
        world.earn(self.member, 500)

    def place(self, amount: int = 400, *, request: str = "", key: str = "", **other: Any) -> Any:
        body = {"member": str(self.member), "store": STORE, "book": "points", "amount": amount, "minutes": 10}
        return self.call("POST", "/v1/holds", body | other, request=request, key=key)

    def capture(self, hold: str, amount: int, *, request: str = "", key: str = "", store: str = STORE) -> Any:
        body = {"store": store, "amount": amount, "receipt": "R1"}
        return self.call("POST", f"/v1/holds/{hold}/capture", body, request=request, key=key)

    def release(self, hold: str, *, request: str = "") -> Any:
        return self.call("POST", f"/v1/holds/{hold}/release", {"store": STORE}, request=request)

    def show(self, hold: str, *, key: str = "") -> Any:
        return self.call("GET", f"/v1/holds/{hold}", key=key)


@pytest.fixture
def counter(world: World) -> Iterator[Counter]:
    opened = Counter(world)
    with opened.client:
        yield opened


@pytest.fixture
def small_counter(small_world: World) -> Iterator[Counter]:
    opened = Counter(small_world)
    with opened.client:
        yield opened


def test_points_are_held_captured_and_shown(counter: Counter) -> None:
    placed = counter.place()
    hold = placed.json()["hold"]

    captured = counter.capture(hold, 250)

    assert (placed.status_code, placed.json()["state"], placed.json()["ended_at"]) == (201, "open", None)
    assert (captured.status_code, captured.json()["state"], captured.json()["captured"]) == (200, "captured", 250)
    assert counter.show(hold).json() == captured.json()
    assert counter.world.balance(counter.member) == 250


def test_a_repeated_request_is_answered_like_the_first(counter: Counter) -> None:
    placing, ending = str(uuid4()), str(uuid4())

    placed = [counter.place(request=placing).json() for _ in range(2)]
    released = [counter.release(placed[0]["hold"], request=ending).json() for _ in range(2)]
    conflicts = [counter.place(399, request=placing), counter.capture(placing, 1, request=ending)]

    assert placed[0] == placed[1]
    assert placed[0]["hold"] == placing
    assert released[0] == released[1]
    assert {(conflict.status_code, conflict.json()["code"]) for conflict in conflicts} == {(409, "request.conflict")}
    assert counter.world.balance(counter.member) == 500


def test_a_hold_that_has_ended_says_so(small_counter: Counter) -> None:
    hold = small_counter.place().json()["hold"]
    small_counter.release(hold)

    answers = [small_counter.capture(hold, 1), small_counter.release(hold)]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(409, "hold.ended")}


def test_a_hold_whose_time_ran_out_says_so(small_counter: Counter) -> None:
    hold = small_counter.place().json()["hold"]
    small_counter.world.clock.pass_(minutes=10)

    answer = small_counter.capture(hold, 1)

    assert (answer.status_code, answer.json()["code"]) == (409, "hold.expired")


def test_refusals_say_what_would_do(small_counter: Counter) -> None:
    hold = small_counter.place().json()["hold"]

    answers = [small_counter.place(101), small_counter.place(minutes=31), small_counter.capture(hold, 401)]

    assert [(answer.status_code, answer.json()["code"], answer.json()["data"]) for answer in answers] == [
        (422, "points.short", {"short": 1}),
        (422, "hold.too_long", {"minutes": 30}),
        (422, "hold.exceeded", {"held": 400}),
    ]


def test_an_unknown_hold_is_not_found(small_counter: Counter) -> None:
    nothing = str(NOBODY)

    answers = [small_counter.show(nothing), small_counter.capture(nothing, 1), small_counter.release(nothing)]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(404, "hold.unknown")}


def test_a_members_holds_are_listed_newest_first(counter: Counter) -> None:
    holds = []
    for amount in (10, 20, 30):
        holds.append(counter.place(amount).json()["hold"])
        counter.world.clock.pass_(seconds=1)
    counter.release(holds[1])

    listed = counter.call("GET", f"/v1/members/{counter.member}/holds").json()["items"]

    assert [(hold["hold"], hold["state"]) for hold in listed] == [
        (holds[2], "open"),
        (holds[1], "released"),
        (holds[0], "open"),
    ]
    assert counter.call("GET", f"/v1/members/{NOBODY}/holds").json()["code"] == "member.unknown"


def test_a_store_sees_and_ends_its_own_holds_only(small_counter: Counter) -> None:
    hold = small_counter.place().json()["hold"]
    own, other = (small_counter.key(*Permission, stores=(store,)) for store in (STORE, "S02"))

    answers = [
        small_counter.show(hold, key=other),
        small_counter.capture(hold, 1, key=other),
        small_counter.capture(hold, 1, key=other, store="S02"),
        small_counter.place(1, key=other),
    ]

    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {(403, "store.out_of_scope")}
    assert small_counter.show(hold, key=own).json()["state"] == "open"
    assert small_counter.capture(hold, 1, key=own).status_code == 200


@pytest.mark.parametrize("wrong", [{"book": "counts"}, {"amount": 0}, {"amount": -1}, {"minutes": 0}, {"x": 1}])
def test_what_is_no_hold_is_refused(small_counter: Counter, wrong: dict[str, Any]) -> None:
    body = {"member": str(small_counter.member), "store": STORE, "book": "points", "amount": 1, "minutes": 1}

    answer = small_counter.call("POST", "/v1/holds", body | wrong)

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
