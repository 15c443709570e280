from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.intake import ByKey, Verdict
from hub.members.models import Member
from hub.points import service as points
from hub.returns.intake import LineReturned, PurchaseReturned
from hub.returns.models import Return, ReturnLine
from hub.tiers.models import Standing
from protocol.errors import ErrorCode
from protocol.ids import part_id
from tests.hub.returns.shop import KIND, Shop, SoldLine
from tests.hub.world import STORE, World


def test_goods_that_come_back_take_their_points_along(shop: Shop) -> None:
    purchase = shop.sell(SoldLine(), SoldLine(amount=5_000, points=50, qualifying=40))

    told = shop.took(purchase, (1, 1, 10_000))

    assert (told["points_back"], told["qualifying_back"], told["balance"], told["debt"]) == (100, 100, 50, 0)
    assert (shop.balance, shop.qualifying) == (50, 40)
    shop.world.assert_books_are_right()


def test_a_purchase_of_the_till_is_returned_by_its_receipt(world: World) -> None:
    member = world.add_member()
    world.book(world.posted(world.purchase(member, 10_000, 5_000, receipt="R1")))
    body = PurchaseReturned("B1", [LineReturned(2, 1, 5_000)], None, STORE, "R1", "too small")

    [outcome] = world.book(world.posted(body, kind=KIND))

    assert outcome.is_applied, outcome
    assert world.balance(member) == 100
    with world.hub.database.read() as session:
        kept = session.execute(select(Return)).scalar_one()
        line = session.execute(select(ReturnLine)).scalar_one()
    assert (kept.receipt, kept.store, kept.amount, kept.points_back, kept.reason) == (
        *("B1", STORE, 5_000, 50, "too small"),
    )
    assert (line.line, line.quantity, line.amount, line.points) == (2, 1, 5_000, 50)
    world.assert_books_are_right()


def test_every_movement_names_what_it_reverses_and_why(shop: Shop) -> None:
    shop.policy(short="deny")
    purchase = shop.sell(SoldLine())

    shop.bring_back(purchase, (1, 1, 10_000), receipt="B1", reason="too small")

    [points_back], [qualifying_back] = shop.moved("points.returned"), shop.moved("qualifying.returned")
    assert points_back.reverses == part_id(purchase, "points.earned")
    assert qualifying_back.reverses == part_id(purchase, "qualifying.earned")
    assert points_back.reason == "too small"
    assert points_back.cause == {
        "rule": "returns",
        "version": 1,
        "purchase": str(purchase),
        "store": STORE,
        "receipt": "B1",
        "lines": {"1": 100},
    }


@pytest.mark.parametrize(
    ("lines", "left"),
    [
        ([(1, 3, 1_000)], (2, 6_667)),
        ([(1, 1, 6_668)], (2, 6_667)),
        ([(2, 1, 1)], (1, 0)),
        ([(2, 2, 0)], (1, 0)),
        ([(3, 1, 1)], (0, 0)),
    ],
)
def test_no_more_comes_back_than_was_sold(shop: Shop, lines: list[tuple[int, int, int]], left: tuple[int, int]) -> None:
    purchase = shop.sell(SoldLine(quantity=3), SoldLine(amount=0, points=0, qualifying=0))
    shop.took(purchase, (1, 1, 3_333))

    outcome = shop.bring_back(purchase, *lines)

    assert outcome.code is ErrorCode.RETURN_TOO_MUCH
    assert (outcome.result["quantity"], outcome.result["amount"]) == left
    assert shop.balance == 67


def test_two_returns_of_one_batch_are_judged_one_after_the_other(shop: Shop) -> None:
    purchase = shop.sell(SoldLine(quantity=3))
    bodies = [PurchaseReturned(f"B{number}", [LineReturned(1, 2, 6_000)], purchase) for number in range(2)]

    outcomes = shop.world.book(*(shop.world.posted(body, kind=KIND) for body in bodies))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.APPLIED, Verdict.REJECTED]
    assert shop.balance == 40
    shop.world.assert_books_are_right()


def test_two_parts_in_one_batch_take_what_one_takes(shop: Shop) -> None:
    purchase = shop.sell(SoldLine(quantity=3, amount=100, points=33))
    bodies = [
        PurchaseReturned(f"B{number}", [LineReturned(1, 1, amount)], purchase)
        for number, amount in enumerate((33, 33, 34))
    ]

    outcomes = shop.world.book(*(shop.world.posted(body, kind=KIND) for body in bodies))

    assert [outcome.result["points_back"] for outcome in outcomes] == [10, 11, 12]
    shop.world.assert_books_are_right()


def test_a_line_without_money_goes_by_its_pieces(shop: Shop) -> None:
    purchase = shop.sell(SoldLine(quantity=3, amount=0, points=50))

    told = [shop.took(purchase, (1, 1, 0))["points_back"] for _ in range(3)]

    assert told == [16, 17, 17]


def test_points_that_wait_are_taken_back_before_others(shop: Shop) -> None:
    other = shop.grant(30)
    purchase = shop.sell(SoldLine(), active_from=shop.world.clock.now + timedelta(days=7))

    shop.took(purchase, (1, 1, 10_000))

    assert shop.lots() == {other: 30}


def test_what_the_own_lot_lacks_comes_from_what_expires_first(shop: Shop) -> None:
    now = shop.world.clock.now
    purchase = shop.sell(SoldLine(), expires_at=now + timedelta(days=1))
    shop.spend(80)
    late, early = shop.grant(50, now + timedelta(days=9)), shop.grant(50, now + timedelta(days=8))

    told = shop.took(purchase, (1, 1, 10_000))

    assert told["points_back"] == 100
    assert shop.lots() == {late: 20}
    assert early not in shop.lots()


def test_points_that_wait_elsewhere_are_not_touched(shop: Shop) -> None:
    purchase = shop.sell(SoldLine())
    shop.spend(100)
    shop.sell(SoldLine(), active_from=shop.world.clock.now + timedelta(days=7))

    assert shop.bring_back(purchase, (1, 1, 10_000)).code is ErrorCode.RETURN_SHORT


def test_expired_points_are_not_asked_for_again(shop: Shop) -> None:
    purchase = shop.sell(SoldLine(), expires_at=shop.world.clock.now + timedelta(days=1))
    shop.spend(40)
    shop.world.clock.pass_(days=2)
    shop.expire()
    shop.grant(500)

    half, rest = shop.took(purchase, (1, 0, 5_000)), shop.took(purchase, (1, 1, 5_000))

    assert (half["points_back"], rest["points_back"]) == (0, 40)
    shop.world.assert_books_are_right()


def test_points_that_expired_after_a_part_came_back_are_not_asked_for_again(shop: Shop) -> None:
    purchase = shop.sell(SoldLine(), expires_at=shop.world.clock.now + timedelta(days=1))
    shop.took(purchase, (1, 0, 5_000))
    shop.world.clock.pass_(days=2)
    shop.expire()
    shop.grant(500)

    told = shop.took(purchase, (1, 1, 5_000))

    assert (told["points_back"], shop.balance) == (0, 500)


def test_points_that_expired_by_mistake_are_asked_for(shop: Shop) -> None:
    purchase = shop.sell(SoldLine(), expires_at=shop.world.clock.now + timedelta(days=1))
    shop.spend(40)
    shop.world.clock.pass_(days=2)
    shop.expire()
    shop.unexpire()

    told = shop.took(purchase, (1, 0, 5_000))

    assert (told["points_back"], shop.balance) == (50, 10)
    shop.world.assert_books_are_right()


def test_expired_points_that_nobody_has_cleaned_up_yet_are_taken_back_themselves(shop: Shop) -> None:
    purchase = shop.sell(SoldLine(), expires_at=shop.world.clock.now + timedelta(days=1))
    shop.world.clock.pass_(days=2)

    told = shop.took(purchase, (1, 1, 10_000))

    assert (told["points_back"], shop.balance) == (100, 0)
    shop.world.assert_books_are_right()


@pytest.mark.parametrize(
    ("policy", "spent", "told"),
    [
        ({"short": "debt"}, 0, (100, 0, 0)),
        ({"short": "debt"}, 70, (30, 70, 0)),
        ({"short": "debt", "forgive": 20}, 70, (30, 50, 20)),
        ({"short": "debt", "forgive": 90}, 70, (30, 0, 70)),
        ({"short": "deny", "forgive": 70}, 70, (30, 0, 70)),
        ({"short": "deny"}, 0, (100, 0, 0)),
    ],
)
def test_the_policy_says_what_happens_to_points_that_are_missing(
    shop: Shop, policy: dict[str, Any], spent: int, told: tuple[int, int, int]
) -> None:
    shop.policy(**policy)
    purchase = shop.sell(SoldLine())
    shop.spend(spent)

    answer = shop.took(purchase, (1, 1, 10_000))

    assert (answer["points_back"], answer["points_owed"], answer["points_forgiven"]) == told
    assert (answer["balance"], answer["debt"]) == (0, told[1])
    assert (shop.balance, shop.debt) == (0, told[1])
    shop.world.assert_books_are_right()


@pytest.mark.parametrize(("policy", "short"), [({}, 70), ({"short": "deny", "forgive": 69}, 1)])
def test_a_return_is_refused_whole_where_the_policy_says_so(shop: Shop, policy: dict[str, Any], short: int) -> None:
    shop.policy(**policy)
    purchase = shop.sell(SoldLine())
    shop.spend(70)

    outcome = shop.bring_back(purchase, (1, 1, 10_000))

    assert (outcome.code, outcome.result) == (ErrorCode.RETURN_SHORT, {"short": short})
    assert (shop.balance, shop.qualifying) == (30, 100)
    with shop.world.hub.database.read() as session:
        assert session.query(Return).count() == 0


def test_so_much_is_forgiven_of_a_purchase_and_not_of_each_return(shop: Shop) -> None:
    shop.policy(short="debt", forgive=30)
    purchase = shop.sell(SoldLine())
    shop.spend(100)

    told = [shop.took(purchase, (1, 0, 2_500)) for _ in range(4)]

    assert [answer["points_forgiven"] for answer in told] == [25, 5, 0, 0]
    assert shop.debt == 70


def test_what_is_forgiven_is_what_the_programme_lost(shop: Shop) -> None:
    shop.policy(forgive=100)
    purchase = shop.sell(SoldLine())
    shop.spend(60)

    shop.took(purchase, (1, 1, 10_000))

    [given_up], [back] = shop.moved("points.forgiven"), shop.moved("points.returned")
    assert (given_up.debit, given_up.amount) == (points.FORGIVEN, 60)
    assert (back.credit, back.amount) == (points.ISSUED, 100)


def test_a_debt_is_paid_from_what_comes_in_next(shop: Shop) -> None:
    shop.policy(short="debt")
    first, second = shop.sell(SoldLine()), shop.sell(SoldLine(points=0, qualifying=0))
    shop.spend(100)
    shop.took(first, (1, 1, 10_000))
    shop.grant(30)

    told = shop.took(second, (1, 1, 10_000))

    assert (told["debt"], shop.debt, shop.balance) == (70, 70, 0)
    [paid], [settled] = shop.moved("debt.recovered"), shop.moved("debt.settled")
    assert (paid.credit, paid.amount, settled.credit, settled.amount) == (points.ISSUED, 30, points.OWED, 30)
    shop.world.assert_books_are_right()


def test_paid_points_go_back_into_their_very_lots(shop: Shop) -> None:
    early = shop.grant(100, shop.world.clock.now + timedelta(days=5))
    late = shop.grant(100, shop.world.clock.now + timedelta(days=50))
    paid = SoldLine(points=0, qualifying=0, points_paid=150, value_paid=1_500)
    purchase = shop.sell(paid)

    part, rest = shop.took(purchase, (1, 0, 4_000)), shop.took(purchase, (1, 1, 6_000))

    assert (part["points_given"], part["value_given"]) == (60, 600)
    assert (rest["points_given"], rest["value_given"]) == (90, 900)
    assert shop.lots() == {early: 100, late: 100}
    assert {transfer.reverses for transfer in shop.moved("points.given_back")} == {part_id(purchase, "points.paid")}
    shop.world.assert_books_are_right()


def test_paid_points_whose_time_ran_out_expire_at_once(shop: Shop) -> None:
    shop.grant(100, shop.world.clock.now + timedelta(days=5))
    late = shop.grant(100, shop.world.clock.now + timedelta(days=50))
    purchase = shop.sell(SoldLine(points=0, qualifying=0, points_paid=150, value_paid=1_500))
    shop.world.clock.pass_(days=6)

    told = shop.took(purchase, (1, 1, 10_000))

    assert (told["points_given"], told["balance"]) == (150, 100)
    assert shop.lots() == {late: 100}
    [expired] = shop.moved("points.expired")
    assert (expired.credit, expired.amount) == (points.EXPIRED, 100)
    shop.world.assert_books_are_right()


@pytest.mark.parametrize(("days", "code"), [(0, None), (6, ErrorCode.RETURN_SHORT)])
def test_paid_points_help_to_give_back_what_was_earned_unless_they_expired(
    shop: Shop, days: int, code: ErrorCode | None
) -> None:
    shop.grant(100, shop.world.clock.now + timedelta(days=5))
    purchase = shop.sell(SoldLine(points_paid=100, value_paid=1_000))
    shop.spend(100)
    shop.world.clock.pass_(days=days)

    assert shop.bring_back(purchase, (1, 1, 10_000)).code is code
    shop.world.assert_books_are_right()


def test_qualifying_points_go_back_as_far_as_they_are_there_and_the_tier_stays(world: World) -> None:
    shop = Shop(world)
    purchase = shop.sell(SoldLine(qualifying=2_000), SoldLine(points=0, qualifying=0))
    world.book(world.posted(world.purchase(shop.member, 100)))
    with world.hub.database.read() as session:
        tier = session.get_one(Standing, shop.member).tier
    other = Shop(world)

    told = shop.took(purchase, (1, 1, 10_000))
    lacking = other.sell(SoldLine(qualifying=0))
    with world.hub.database.write() as session:
        session.execute(update(Standing).where(Standing.member == other.member).values(tier="silver"))
    other.took(lacking, (1, 1, 10_000))

    assert (told["qualifying_back"], shop.qualifying) == (2_000, 1)
    assert tier == "silver"
    with world.hub.database.read() as session:
        assert session.get_one(Standing, shop.member).tier == "silver"


@pytest.mark.parametrize("named", [{"purchase": UUID(int=9 << 64)}, {"purchase": None, "sold_as": "R404"}])
def test_a_purchase_that_is_not_known_yet_can_come_later(shop: Shop, named: dict[str, Any]) -> None:
    purchase = shop.sell(SoldLine())

    outcome = shop.bring_back(purchase, (1, 1, 10_000), sold_in=STORE, **named)

    assert (outcome.verdict, outcome.code) == (Verdict.WAITING, ErrorCode.PURCHASE_UNKNOWN)


def test_goods_come_back_from_a_member_who_is_blocked(shop: Shop) -> None:
    purchase = shop.sell(SoldLine())
    with shop.world.hub.database.write() as session:
        session.execute(update(Member).values(state="blocked"))

    assert shop.took(purchase, (1, 1, 10_000))["points_back"] == 100


def test_goods_come_back_in_a_store_that_there_is(shop: Shop) -> None:
    body = PurchaseReturned("B1", [LineReturned(1, 1, 1)], shop.sell(SoldLine()))

    outcomes = shop.world.book(
        shop.world.posted(body, kind=KIND, store="S99"), shop.world.posted(body, kind=KIND, store="S02")
    )

    assert [outcome.code for outcome in outcomes] == [ErrorCode.STORE_UNKNOWN, None]


def test_a_key_that_is_unknown_returns_nothing(shop: Shop) -> None:
    body = PurchaseReturned("B1", [LineReturned(1, 1, 1)], shop.sell(SoldLine()))

    [outcome] = shop.world.book(shop.world.posted(body, kind=KIND, source=ByKey(bytes(32))))

    assert outcome.code is ErrorCode.KEY_UNKNOWN
