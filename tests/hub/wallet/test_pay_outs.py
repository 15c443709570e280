from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import update

from hub.members.models import Member
from hub.points.service import debt_account, points_account
from hub.wallet.service import principal_account
from protocol.errors import ErrorCode
from tests.hub.wallet.purse import Purse


def test_a_top_up_is_refunded_in_full_while_nothing_was_spent(purse: Purse) -> None:
    purse.term("gift.1", at_least=100, gift=10, budget=100)
    top_up = purse.topped_up(100)

    outcome = purse.take_back(top_up)

    assert (outcome.result["paid_out"], outcome.result["forfeited"], outcome.result["gift_used"]) == (100, 10, 0)
    assert purse.holds() == (0, 0)
    assert purse.tallies() == [0]
    [paid_out] = purse.transfers("stored_value.paid_out")
    assert (paid_out.reverses is not None, paid_out.reason) == (True, "changed their mind")
    purse.world.assert_books_are_right()


@pytest.mark.parametrize(
    ("order", "spent", "expected"),
    [
        ("bonus_first", 4, (96, 6, 4)),
        ("bonus_first", 10, (90, 0, 10)),
        ("bonus_first", 60, (40, 0, 10)),
        ("bonus_first", 99, (1, 0, 10)),
        ("principal_first", 60, (40, 10, 0)),
        ("principal_first", 99, (1, 10, 0)),
        ("proportional", 55, (45, 5, 5)),
    ],
)
def test_what_was_used_of_the_gift_is_taken_off_the_money(
    small_purse: Purse, order: str, spent: int, expected: tuple[int, int, int]
) -> None:
    small_purse.term("wallet", order=order)
    small_purse.term("gift.1", at_least=100, gift=10)
    top_up = small_purse.topped_up(100)
    small_purse.pay(spent)

    result = small_purse.take_back(top_up).result

    assert (result["paid_out"], result["forfeited"], result["gift_used"]) == expected
    assert spent + result["paid_out"] == 100
    assert small_purse.holds() == (0, 0)
    small_purse.world.assert_books_are_right()


@pytest.mark.parametrize("spent", [100, 105, 110])
def test_a_top_up_of_which_no_money_is_left_is_not_refunded(small_purse: Purse, spent: int) -> None:
    small_purse.term("gift.1", at_least=100, gift=10)
    top_up = small_purse.topped_up(100)
    small_purse.pay(spent)

    assert small_purse.take_back(top_up).code is ErrorCode.REFUND_NOTHING
    assert sum(small_purse.holds()) == 110 - spent


def test_a_refund_takes_only_the_money_of_its_own_top_up(purse: Purse) -> None:
    first = purse.topped_up(100)
    purse.world.clock.pass_(days=1)
    second = purse.topped_up(50)
    purse.pay(30)

    assert purse.lots(principal_account(purse.member)) == [70, 50]
    assert purse.take_back(second).result["paid_out"] == 50
    assert purse.take_back(first).result["paid_out"] == 70


@pytest.mark.parametrize(("later", "code"), [(timedelta(0), None), (timedelta(seconds=1), ErrorCode.REFUND_TOO_LATE)])
def test_a_top_up_is_refunded_for_so_many_days(small_purse: Purse, later: timedelta, code: ErrorCode | None) -> None:
    top_up = small_purse.topped_up(100)
    small_purse.world.clock.now += timedelta(days=7) + later

    assert small_purse.take_back(top_up).code is code


def test_a_top_up_is_refunded_once(purse: Purse) -> None:
    purse.term("wallet", order="principal_first")
    top_up, payment = purse.topped_up(100), purse.paid(40)
    first = purse.take_back(top_up, "R1")
    purse.refund(payment, 40)

    again, other = purse.take_back(top_up, "R1"), purse.take_back(top_up, "R2")

    assert (again.result["refund"], again.result["paid_out"]) == (first.result["refund"], 60)
    assert other.code is ErrorCode.REFUND_NOTHING
    assert purse.holds() == (40, 0)


@pytest.mark.parametrize("number", ["R1", "R2"])
def test_two_refunds_of_one_top_up_in_one_batch_pay_out_once(purse: Purse, number: str) -> None:
    top_up = purse.topped_up(100)
    bodies = [purse.take_back_body(top_up, "R1"), purse.take_back_body(top_up, number)]

    first, second = purse.world.book(*(purse.item(body) for body in bodies))

    assert first.is_applied
    assert second.code is (None if number == "R1" else ErrorCode.REFUND_NOTHING)
    assert purse.holds() == (0, 0)


def test_a_refund_takes_points_back_and_those_that_were_spent_are_owed(purse: Purse) -> None:
    purse.term("gift.1", at_least=100, points=20)
    top_up = purse.topped_up(100)
    purse.spend_points(15)

    purse.take_back(top_up)

    assert purse.points() == 0
    assert purse.balance(debt_account(purse.member)) == 15
    purse.world.assert_books_are_right()


def test_points_of_a_top_up_pay_what_the_member_owes(purse: Purse) -> None:
    purse.term("gift.1", at_least=100, points=20)
    top_up = purse.topped_up(100)
    purse.spend_points(15)
    purse.take_back(top_up)

    outcome = purse.top_up(100)

    assert outcome.result["balance"] == 5
    assert purse.balance(debt_account(purse.member)) == 0
    assert purse.balance(points_account(purse.member)) == 5


def test_only_a_top_up_can_be_refunded_as_one(small_purse: Purse) -> None:
    small_purse.top_up(100)
    payment = small_purse.paid(10)

    assert small_purse.take_back(payment).code is ErrorCode.RECEIPT_UNKNOWN
    assert small_purse.take_back(UUID(int=5)).code is ErrorCode.RECEIPT_UNKNOWN


def test_a_refunds_receipt_with_other_content_is_refused(small_purse: Purse) -> None:
    first, second = small_purse.topped_up(100), small_purse.topped_up(200)
    small_purse.take_back(first, "R1")

    assert small_purse.take_back(second, "R1").code is ErrorCode.RECEIPT_KNOWN


def test_closing_pays_the_principal_out_and_takes_the_bonus(purse: Purse) -> None:
    purse.term("gift.1", at_least=100, gift=10)
    purse.top_up(100)
    purse.top_up(200)

    outcome = purse.close()

    assert (outcome.result["paid_out"], outcome.result["forfeited"], outcome.result["stored_value"]) == (300, 20, 0)
    assert purse.holds() == (0, 0)
    assert purse.top_up(100).result["principal"] == 100
    purse.world.assert_books_are_right()


def test_an_empty_wallet_is_closed_with_nothing_to_pay_out(small_purse: Purse) -> None:
    assert small_purse.close().result["paid_out"] == 0


def test_closing_twice_under_one_receipt_pays_out_once(purse: Purse) -> None:
    purse.top_up(100)
    purse.close("C1")
    purse.top_up(50)

    outcome = purse.close("C1")

    assert (outcome.result["paid_out"], outcome.result["stored_value"]) == (100, 50)


def test_a_strangers_wallet_is_not_closed(small_purse: Purse) -> None:
    small_purse.member = UUID(int=5 << 64)

    assert small_purse.close().code is ErrorCode.MEMBER_UNKNOWN


def test_a_blocked_member_gets_the_money_back(small_purse: Purse) -> None:
    small_purse.top_up(100)
    with small_purse.world.hub.database.write() as session:
        session.execute(update(Member).values(state="blocked"))

    assert small_purse.close().result["paid_out"] == 100
