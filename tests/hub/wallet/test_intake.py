from uuid import UUID

import pytest
from sqlalchemy import update

from hub.members.models import Member
from hub.stores.models import Store
from hub.wallet.intake import TopUpRecorded
from hub.wallet.service import PAID_IN, bonus_account, principal_account
from protocol.errors import ErrorCode
from tests.hub.wallet.purse import Purse
from tests.hub.world import World


def test_a_top_up_shows_new_balances_and_points(purse: Purse) -> None:
    purse.world.earn(purse.member, 30)
    purse.term("gift.1", at_least=50_000, gift=5_000)

    outcome = purse.top_up(50_000)

    booked = outcome.result.pop("booked_at")
    assert outcome.result.pop("top_up")
    assert outcome.result == {
        "stored_value": 55_000,
        "principal": 50_000,
        "bonus": 5_000,
        "gift": 5_000,
        "points": 0,
        "balance": 30,
    }
    assert booked == purse.world.clock.now.isoformat()
    assert purse.holds() == (50_000, 5_000)
    purse.world.assert_books_are_right()


def test_a_top_up_opens_only_the_accounts_that_it_needs(purse: Purse) -> None:
    purse.top_up(100)

    assert purse.lots(principal_account(purse.member)) == [100]
    assert purse.lots(bonus_account(purse.member)) == []


def test_top_ups_add_up_and_a_repeated_request_counts_once(purse: Purse) -> None:
    first = purse.item(TopUpRecorded("T1", purse.member, "CNY", 100))
    second = purse.item(TopUpRecorded("T2", purse.member, "CNY", 200))

    purse.world.book(first, first, second)

    assert purse.holds() == (300, 0)
    purse.world.assert_books_are_right()


@pytest.mark.parametrize("together", [True, False])
def test_the_same_receipt_counts_once_under_whatever_request_id(purse: Purse, *, together: bool) -> None:
    body = TopUpRecorded("T1", purse.member, "CNY", 100)
    items = [purse.item(body), purse.item(body)]

    if together:
        first, second = purse.world.book(*items)
    else:
        [first], [second] = purse.world.book(items[0]), purse.world.book(items[1])

    assert first.result == second.result
    assert purse.holds() == (100, 0)
    assert len(purse.receipts("top_up")) == 1


def test_a_receipt_with_other_content_is_refused(purse: Purse) -> None:
    purse.top_up(100, "T1")

    assert purse.top_up(200, "T1").code is ErrorCode.TOP_UP_KNOWN
    assert purse.holds() == (100, 0)


def test_a_receipt_number_is_good_once_in_each_store(purse: Purse) -> None:
    purse.top_up(100, "T1")

    elsewhere = purse.post(TopUpRecorded("T1", purse.member, "CNY", 200), store="S02")

    assert elsewhere.is_applied
    assert purse.holds() == (300, 0)


def test_a_request_id_with_other_content_is_a_conflict(purse: Purse) -> None:
    request = purse.world.new_id()
    purse.post(TopUpRecorded("T1", purse.member, "CNY", 100), item_id=request)

    outcome = purse.post(TopUpRecorded("T2", purse.member, "CNY", 100), item_id=request)

    assert outcome.code is ErrorCode.REQUEST_CONFLICT


def test_a_strangers_top_up_is_refused(purse: Purse) -> None:
    stranger = UUID(int=5 << 64)

    assert purse.post(TopUpRecorded("T1", stranger, "CNY", 100)).code is ErrorCode.MEMBER_UNKNOWN


def test_a_blocked_member_is_not_topped_up(small_purse: Purse) -> None:
    with small_purse.world.hub.database.write() as session:
        session.execute(update(Member).values(state="blocked"))

    assert small_purse.top_up(100).code is ErrorCode.MEMBER_BLOCKED


def test_foreign_money_and_unknown_stores_are_refused(small_purse: Purse) -> None:
    body = TopUpRecorded("T1", small_purse.member, "CNY", 100)

    assert small_purse.top_up(100, currency="USD").code is ErrorCode.CURRENCY_UNKNOWN
    assert small_purse.post(body, store="S99").code is ErrorCode.STORE_UNKNOWN


@pytest.mark.parametrize(
    ("identified", "amounts", "code"),
    [
        (True, [500_000], None),
        (True, [500_001], ErrorCode.TOP_UP_TOO_LARGE),
        (True, [400_000, 100_000], None),
        (True, [400_000, 100_001], ErrorCode.STORED_VALUE_TOO_MUCH),
        (False, [100_000], None),
        (False, [100_001], ErrorCode.STORED_VALUE_TOO_MUCH),
        (False, [60_000, 40_001], ErrorCode.STORED_VALUE_TOO_MUCH),
    ],
)
def test_where_nobody_has_set_the_law_the_strictest_known_holds(
    small_world: World, *, identified: bool, amounts: list[int], code: ErrorCode | None
) -> None:
    purse = Purse(small_world, identified=identified)

    outcomes = [purse.top_up(amount) for amount in amounts]

    assert [outcome.code for outcome in outcomes] == [None] * (len(amounts) - 1) + [code]


def test_the_law_of_the_stores_place_holds(purse: Purse) -> None:
    purse.term("jurisdiction.CN", balance_max_identified=1_000, top_up_max=900)
    purse.term("jurisdiction.HK", balance_max_identified=9_000_000, top_up_max=9_000_000)
    with purse.world.hub.database.write() as session:
        session.execute(update(Store).where(Store.id == "S02").values(jurisdiction="HK"))

    there = purse.post(TopUpRecorded("T1", purse.member, "CNY", 8_000_000), store="S02")
    here = purse.top_up(901)

    assert there.is_applied
    assert (here.code, here.result["top_up_max"]) == (ErrorCode.TOP_UP_TOO_LARGE, 900)


def test_from_some_amount_on_the_member_must_be_identified(small_world: World) -> None:
    purse = Purse(small_world, identified=False)
    purse.term("jurisdiction.CN", balance_max_anonymous=900, identify_from=500)

    assert purse.top_up(500).code is ErrorCode.MEMBER_UNIDENTIFIED
    assert purse.top_up(499).is_applied


def test_a_gift_counts_towards_what_the_law_allows(small_purse: Purse) -> None:
    small_purse.term("gift.1", at_least=1, gift=2)

    outcome = small_purse.top_up(499_999)

    assert (outcome.code, outcome.result["max"]) == (ErrorCode.STORED_VALUE_TOO_MUCH, 500_000)
    assert small_purse.holds() == (0, 0)


def test_together_two_top_ups_cannot_exceed_what_the_law_allows(purse: Purse) -> None:
    items = [purse.item(TopUpRecorded(f"T{number}", purse.member, "CNY", 300_000)) for number in range(2)]

    outcomes = purse.world.book(*items)

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.STORED_VALUE_TOO_MUCH]


def test_a_gift_tells_its_rule_and_expires_by_the_policy(purse: Purse) -> None:
    purse.term("wallet", bonus_months=6, order="principal_first")
    purse.term("gift.spring", at_least=100, gift=10)

    purse.top_up(100)

    [given] = purse.transfers("bonus.given")
    assert (given.cause["rule"], given.cause["version"]) == ("gift.spring", 1)
    purse.world.clock.pass_(days=180)
    assert purse.pay(105).is_applied
    purse.world.clock.pass_(days=5)
    assert purse.pay(5).code is ErrorCode.STORED_VALUE_SHORT


def test_a_gift_of_points_comes_with_the_same_receipt(purse: Purse) -> None:
    purse.term("gift.1", at_least=100, gift=0, points=7, step=100)

    outcome = purse.top_up(350)

    assert (outcome.result["points"], outcome.result["balance"], outcome.result["gift"]) == (21, 21, 0)
    [earned] = purse.transfers("points.earned")
    assert earned.cause["rule"] == "gift.1"


def test_only_the_best_rule_that_is_for_the_member_gives(small_purse: Purse) -> None:
    small_purse.term("gift.a", at_least=100, gift=10)
    small_purse.term("gift.b", at_least=100, gift=20)
    small_purse.term("gift.c", at_least=100, gift=90, tiers=["gold"])
    small_purse.term("gift.d", at_least=100, gift=80, stores=["S02"])

    assert small_purse.top_up(100).result["gift"] == 20


def test_caps_cut_a_gift_and_then_end_it(purse: Purse) -> None:
    purse.term("gift.1", at_least=100, gift=10, points=1, cap_member=15, budget=1_000)

    gifts = [(outcome.result["gift"], outcome.result["points"]) for outcome in (purse.top_up(100) for _ in range(3))]

    assert gifts == [(10, 1), (5, 1), (0, 0)]
    assert purse.tallies() == [15, 15]


def test_a_budget_is_shared_by_all_members(purse: Purse) -> None:
    other = purse.world.add_member("陈思远")
    purse.term("gift.1", at_least=100, gift=10, budget=15)
    bodies = [TopUpRecorded("A", purse.member, "CNY", 100), TopUpRecorded("B", other, "CNY", 100)]

    outcomes = purse.world.book(*(purse.item(body) for body in bodies))

    assert [outcome.result["gift"] for outcome in outcomes] == [10, 5]


def test_money_comes_in_by_the_one_account_for_it(small_purse: Purse) -> None:
    small_purse.top_up(100)

    [paid_in] = small_purse.transfers("stored_value.topped_up")
    assert (paid_in.debit, paid_in.amount) == (PAID_IN, 100)
