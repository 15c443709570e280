from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select
from starlette.testclient import TestClient

from hub.app import create_app
from hub.booking.models import Fact
from hub.ledger.models import Tally, Transfer
from hub.purchases.models import Purchase, PurchaseLine
from hub.purchases.preview import preview
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission
from protocol.errors import ErrorCode
from tests.hub.leases.scene import Ahead
from tests.hub.purchases.shop import CASH, give_tier, move_to, posted, put, tallied
from tests.hub.world import START, STORE, World


def previewed(world: World, body: Any) -> Any:
    with world.hub.database.read() as session:
        return preview(session, body, STORE, world.clock.now)


def offer_everything(world: World) -> None:
    put(world, "earning.2", kind="multiplier", multiplier=25_000, categories=["coffee"], cap_day=90)
    put(world, "earning.3", kind="bonus", points=30, tiers=["silver", "gold"], min_minor=2_000, budget=70)
    put(world, "earning.4", kind="rate", points=3, per_minor=700, categories=["bakery"], priority=1, cap_purchase=40)
    put(world, "cash", points=10, minor=100, max_share_bp=8_000, min_points=20)


def test_a_preview_writes_nothing(world: World) -> None:
    offer_everything(world)
    member = world.add_member()

    found = previewed(world, posted(world, member, 5_000, 1_000))

    assert found["points"] > 0
    assert world.balance(member) == 0
    with world.hub.database.read() as session:
        counts = [session.execute(select(func.count()).select_from(row)).scalar_one() for row in EVERYTHING]
    assert counts == [0] * len(EVERYTHING)


EVERYTHING = (Fact, Purchase, PurchaseLine, Transfer, Tally)


def test_a_preview_tells_parts_and_what_could_be_paid_with_points(world: World) -> None:
    offer_everything(world)
    member = world.add_member()
    world.earn(member, 100)

    found = previewed(world, posted(world, member, 1_000, 700, points=50))

    assert (found["balance"], found["usable_points"], found["usable_value"]) == (world.balance(member), 136, 1_360)
    assert (found["points_paid"], found["value_paid"], found["tier"]) == (50, 500, "classic")
    coffee, bakery = found["lines"]
    assert coffee == {
        "line": 1,
        "amount": 706,
        "points": 7,
        "qualifying": 7,
        "points_paid": 29,
        "value_paid": 294,
        "parts": [{"rule": "earning.1", "version": 1, "points": 7, "cut": 0}, capped(coffee)],
    }
    assert bakery["parts"] == [{"rule": "earning.4", "version": 1, "points": 2, "cut": 0}]


def capped(line: dict[str, Any]) -> dict[str, Any]:
    """The part of the multiplier, of which nothing is left that day."""
    part: dict[str, Any] = next(part for part in line["parts"] if part["rule"] == "earning.2")
    assert part["points"] == 0
    assert part["cut"] > 0
    return part


AMOUNTS = st.lists(st.integers(0, 9_000), min_size=1, max_size=4)
PURCHASES = st.lists(st.tuples(st.integers(0, 1), AMOUNTS, st.integers(0, 40)), min_size=1, max_size=6)


@given(PURCHASES)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_booked_is_what_was_previewed(world: World, purchases: list[tuple[int, list[int], int]]) -> None:
    members = [world.add_member(), world.add_member()]
    give_tier(world, members[1], "gold")
    offer_everything(world)

    for who, amounts, tens in purchases:
        body = posted(world, members[who], *amounts, points=tens * 5)
        before, found = tallied(world), previewed(world, body)
        assert tallied(world) == before
        outcome = world.book(world.posted(body))[0]
        if isinstance(found, tuple):
            assert found == (outcome.code, outcome.result)
            continue
        assert outcome.is_applied
        assert {name: outcome.result[name] for name in SUMS} == {name: found[name] for name in SUMS}
        assert outcome.result["balance"] == found["balance"] - found["points_paid"] + found["points"]
        assert booked_lines(world, outcome.result["purchase"]) == [
            tuple(line[name] for name in FIXED) for line in found["lines"]
        ]
    world.assert_books_are_right()


SUMS = ("points", "points_paid", "value_paid")
FIXED = ("points", "qualifying", "points_paid", "value_paid")


def booked_lines(world: World, purchase: str) -> list[tuple[int, ...]]:
    with world.hub.database.read() as session:
        columns = [getattr(PurchaseLine, name) for name in FIXED]
        query = select(*columns).where(PurchaseLine.purchase == UUID(purchase)).order_by(PurchaseLine.line)
        return [tuple(row) for row in session.execute(query)]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"member": UUID(int=5 << 64)}, ErrorCode.MEMBER_UNKNOWN),
        ({"currency": "USD"}, ErrorCode.CURRENCY_UNKNOWN),
        ({"points_paid": 10}, ErrorCode.CASH_NOT_OFFERED),
    ],
)
def test_a_preview_refuses_what_booking_refuses(world: World, change: dict[str, Any], code: ErrorCode) -> None:
    body = posted(world, world.add_member(), 1_000)
    changed = type(body)(**{name: getattr(body, name) for name in body.__struct_fields__} | change)

    assert previewed(world, changed) == (code, {})
    assert world.book(world.posted(changed))[0].code is code


def test_a_preview_tells_how_many_points_are_missing(world: World) -> None:
    put(world, "cash", **CASH)

    assert previewed(world, posted(world, world.add_member(), 1_000, points=30)) == (
        ErrorCode.POINTS_SHORT,
        {"short": 30},
    )


def test_pending_points_are_in_the_balance_but_cannot_be_used(world: World) -> None:
    put(world, "cash", **CASH)
    put(world, "expiry", pending_days=14)
    member = world.add_member()
    world.earn(member, 100)

    found = previewed(world, posted(world, member, 1_000))

    assert (found["balance"], found["usable_points"]) == (100, 0)
    assert previewed(world, posted(world, member, 1_000, points=30)) == (ErrorCode.POINTS_SHORT, {"short": 30})


def test_a_preview_is_for_the_chains_hour(world: World) -> None:
    put(world, "earning.2", kind="bonus", points=30, weekdays=[7], from_time="00:00", to_time="01:00")
    member = world.add_member()
    move_to(world, "2026-11-22T00:30")

    assert previewed(world, posted(world, member, 1_000))["points"] == 40


class Till:
    """A till that calls the API."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.client = TestClient(create_app(world.hub), raise_server_exceptions=False)

    def post(self, path: str, member: UUID, *, key: str = "", request: str = "", **overrides: Any) -> Any:
        line = {"product": "p1", "category": "coffee", "quantity": 1, "amount": 10_000}
        body = {
            "store": STORE,
            "receipt": "R1",
            "member": str(member),
            "currency": "CNY",
            "purchased_at": "2026-11-21T10:00:00+08:00",
            "lines": [line],
        }
        headers = {"Authorization": f"Bearer {key or self.world.till_key}", "Idempotency-Key": request or str(uuid4())}
        return self.client.post(path, json=body | overrides, headers=headers)


@pytest.fixture
def till(world: World) -> Iterator[Till]:
    opened = Till(world)
    with opened.client:
        yield opened


def test_the_api_previews_and_books_the_same(till: Till) -> None:
    put(till.world, "cash", **CASH)
    member = till.world.add_member()
    till.world.earn(member, 200)

    seen = till.post("/v1/purchases/preview", member, points_paid=100).json()
    booked = till.post("/v1/purchases", member, points_paid=100).json()

    assert (seen["points"], seen["usable_points"]) == (90, 200)
    assert {name: booked[name] for name in SUMS} == {name: seen[name] for name in SUMS}
    assert booked["balance"] == 200 - 100 + 90


def test_a_receipt_that_is_known_can_still_be_previewed(till: Till) -> None:
    member = till.world.add_member()
    till.post("/v1/purchases", member)

    assert till.post("/v1/purchases/preview", member).json()["points"] == 100


def test_what_was_booked_before_points_could_pay_is_answered_as_well(till: Till) -> None:
    member, request = till.world.add_member(), str(uuid4())
    till.post("/v1/purchases", member, request=request)
    with till.world.hub.database.write() as session:
        fact = session.execute(select(Fact)).scalar_one()
        fact.result = {name: told for name, told in fact.result.items() if name not in {"points_paid", "value_paid"}}

    again = till.post("/v1/purchases", member, request=request)

    assert (again.status_code, again.json()["points_paid"], again.json()["value_paid"]) == (201, 0, 0)


@pytest.mark.parametrize("path", ["/v1/purchases", "/v1/purchases/preview"])
def test_the_api_says_why_points_cannot_pay(till: Till, path: str) -> None:
    put(till.world, "cash", **CASH)

    response = till.post(path, till.world.add_member(), points_paid=10)

    assert (response.status_code, response.json()["code"]) == (422, "points.short")
    assert response.json()["data"] == {"short": 10}


def test_the_api_says_that_points_lie_at_a_kiosk(world: World) -> None:
    scene = Ahead(world)
    put(world, "cash", points=10, minor=100)
    scene.lend(500)
    till = Till(world)

    with till.client:
        response = till.post("/v1/purchases/preview", scene.member, points_paid=600)

    assert (response.status_code, response.json()["code"]) == (409, "points.recalled")


@pytest.mark.parametrize("points", [-1, 10**12 + 1, 0.5, "many"])
def test_a_number_of_points_that_is_none_is_refused(till: Till, points: object) -> None:
    response = till.post("/v1/purchases", till.world.add_member(), points_paid=points)

    assert (response.status_code, response.json()["code"]) == (422, "request.invalid")


def test_a_preview_is_for_the_stores_of_the_key(till: Till) -> None:
    with till.world.hub.database.write() as session:
        _id, key = issue_key(
            session, "s", list(Permission), stores=["S02"], now=START, random=till.world.random.randbytes
        )

    response = till.post("/v1/purchases/preview", till.world.add_member(), key=key)

    assert (response.status_code, response.json()["code"]) == (403, "store.out_of_scope")
