from uuid import UUID

import pytest
from sqlalchemy import update

from hub.members.models import Member
from hub.payments.intake import PaymentRecorded, PaymentRefunded
from hub.wallet.service import bonus_account, principal_account
from protocol.errors import ErrorCode
from tests.hub.wallet.purse import Purse


def filled(purse: Purse, order: str = "bonus_first", **policy: object) -> Purse:
    """A purse with 900 of principal and 100 of bonus."""
    purse.term("wallet", order=order, **policy)
    purse.term("gift.1", at_least=900, gift=100)
    purse.top_up(900)
    return purse


def test_a_payment_tells_what_it_was_taken_from(purse: Purse) -> None:
    outcome = filled(purse).pay(300)

    assert outcome.result.pop("payment")
    assert outcome.result.pop("booked_at") == purse.world.clock.now.isoformat()
    assert outcome.result == {
        "from_principal": 200,
        "from_bonus": 100,
        "order": "bonus_first",
        "stored_value": 700,
        "principal": 700,
        "bonus": 0,
    }
    [receipt] = purse.receipts("payment")
    assert (receipt.amount, receipt.principal, receipt.bonus) == (300, 200, 100)
    assert receipt.details == {"order": "bonus_first"}
    purse.world.assert_books_are_right()


@pytest.mark.parametrize(
    ("order", "amount", "taken"),
    [
        ("bonus_first", 60, (0, 60)),
        ("bonus_first", 1_000, (900, 100)),
        ("principal_first", 60, (60, 0)),
        ("principal_first", 950, (900, 50)),
        ("proportional", 60, (54, 6)),
        ("proportional", 55, (49, 6)),
        ("proportional", 1, (0, 1)),
    ],
)
def test_the_policy_says_the_order(small_purse: Purse, order: str, amount: int, taken: tuple[int, int]) -> None:
    result = filled(small_purse, order).pay(amount).result

    assert (result["from_principal"], result["from_bonus"]) == taken


def test_a_short_balance_blocks_the_charge(purse: Purse) -> None:
    outcome = filled(purse).pay(1_003)

    assert (outcome.code, outcome.result) == (ErrorCode.STORED_VALUE_SHORT, {"short": 3})
    assert purse.holds() == (900, 100)


def test_who_never_topped_up_has_nothing_to_pay_with(small_purse: Purse) -> None:
    outcome = small_purse.pay(5)

    assert (outcome.code, outcome.result) == (ErrorCode.STORED_VALUE_SHORT, {"short": 5})


@pytest.mark.parametrize("together", [True, False])
def test_a_repeated_scan_never_charges_twice(purse: Purse, *, together: bool) -> None:
    filled(purse)
    items = [purse.item(PaymentRecorded("P1", purse.member, "CNY", 300)) for _ in range(2)]

    if together:
        first, second = purse.world.book(*items)
    else:
        [first], [second] = purse.world.book(items[0]), purse.world.book(items[1])

    assert first.result == second.result
    assert sum(purse.holds()) == 700


def test_a_receipt_with_other_content_is_refused(purse: Purse) -> None:
    filled(purse).pay(300, "P1")

    assert purse.pay(301, "P1").code is ErrorCode.PAYMENT_KNOWN
    assert sum(purse.holds()) == 700


def test_of_two_payments_in_one_batch_only_what_is_there_is_spent(purse: Purse) -> None:
    filled(purse)
    items = [purse.item(PaymentRecorded(f"P{n}", purse.member, "CNY", 600)) for n in range(2)]

    outcomes = purse.world.book(*items)

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.STORED_VALUE_SHORT]
    assert outcomes[1].result == {"short": 200}


def test_strangers_blocked_members_and_foreign_money_are_refused(small_purse: Purse) -> None:
    filled(small_purse)
    stranger = small_purse.post(PaymentRecorded("P1", UUID(int=5 << 64), "CNY", 5))
    foreign = small_purse.pay(5, currency="USD")
    with small_purse.world.hub.database.write() as session:
        session.execute(update(Member).values(state="blocked"))

    assert [stranger.code, foreign.code, small_purse.pay(5).code] == [
        ErrorCode.MEMBER_UNKNOWN,
        ErrorCode.CURRENCY_UNKNOWN,
        ErrorCode.MEMBER_BLOCKED,
    ]
    assert small_purse.holds() == (900, 100)


def test_the_oldest_money_is_spent_first(purse: Purse) -> None:
    for amount in (100, 200, 300):
        purse.top_up(amount)
        purse.world.clock.pass_(days=1)

    purse.pay(250)

    assert purse.lots(principal_account(purse.member)) == [0, 50, 300]


def test_refunds_give_back_in_the_proportion_that_was_taken_and_end_exactly(purse: Purse) -> None:
    payment = filled(purse).paid(300)

    results = [purse.refund(payment, amount).result for amount in (100, 1, 99, 100)]

    assert [(result["to_principal"], result["to_bonus"]) for result in results] == [
        (66, 34),
        (1, 0),
        (66, 33),
        (67, 33),
    ]
    assert purse.holds() == (900, 100)
    purse.world.assert_books_are_right()


def test_value_comes_back_into_the_very_lots_it_was_taken_from(purse: Purse) -> None:
    purse.top_up(100)
    purse.world.clock.pass_(days=1)
    purse.top_up(100)
    payment = purse.paid(150)

    purse.refund(payment, 150)

    assert purse.lots(principal_account(purse.member)) == [100, 100]
    [back] = purse.transfers("stored_value.refunded")
    [paid] = purse.transfers("stored_value.paid")
    assert (back.reverses, back.reason) == (paid.id, "too cold")


def test_no_more_is_refunded_than_was_paid(purse: Purse) -> None:
    payment = filled(purse).paid(300)
    purse.refund(payment, 200)

    outcome = purse.refund(payment, 101)

    assert (outcome.code, outcome.result) == (ErrorCode.REFUND_TOO_MUCH, {"left": 100})
    assert sum(purse.holds()) == 900


def test_two_refunds_in_one_batch_cannot_exceed_the_payment(purse: Purse) -> None:
    payment = filled(purse).paid(300)
    items = [purse.item(PaymentRefunded(f"R{n}", "cold", payment, 200)) for n in range(2)]

    outcomes = purse.world.book(*items)

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.REFUND_TOO_MUCH]
    assert sum(purse.holds()) == 900


def test_the_same_refund_counts_once_and_another_content_is_refused(purse: Purse) -> None:
    payment = filled(purse).paid(300)
    first = purse.refund(payment, 100, "R1")

    second, other = purse.refund(payment, 100, "R1"), purse.refund(payment, 50, "R1")

    assert first.result == second.result
    assert other.code is ErrorCode.RECEIPT_KNOWN
    assert sum(purse.holds()) == 800


def test_only_a_payment_can_be_refunded_as_one(small_purse: Purse) -> None:
    top_up = small_purse.topped_up(100)

    assert small_purse.refund(top_up, 10).code is ErrorCode.RECEIPT_UNKNOWN
    assert small_purse.refund(UUID(int=5), 10).code is ErrorCode.RECEIPT_UNKNOWN


def test_a_payment_and_its_refund_in_one_batch_leave_the_payment(small_purse: Purse) -> None:
    filled(small_purse)
    payment = small_purse.item(PaymentRecorded("P1", small_purse.member, "CNY", 300))

    outcomes = small_purse.world.book(payment, small_purse.item(PaymentRefunded("R1", "cold", payment.id, 300)))

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.RECEIPT_UNKNOWN]
    assert sum(small_purse.holds()) == 700


def test_bonus_that_has_expired_meanwhile_expires_at_once(purse: Purse) -> None:
    payment = filled(purse, bonus_months=1).paid(300)
    purse.world.clock.pass_(days=60)

    result = purse.refund(payment, 300).result

    assert (result["to_principal"], result["to_bonus"], result["expired"]) == (200, 100, 100)
    assert purse.holds() == (900, 0)
    assert purse.lots(bonus_account(purse.member)) == [0]
    purse.world.assert_books_are_right()


def test_a_refund_may_exceed_what_the_law_lets_a_member_hold(small_purse: Purse) -> None:
    payment = filled(small_purse).paid(300)
    small_purse.term("jurisdiction.CN", balance_max_identified=0, top_up_max=0)

    assert small_purse.refund(payment, 300).is_applied
