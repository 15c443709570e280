"""Tills that pay and refund at the same moment, each in a transaction of its own."""

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from hub.intake import Item, Outcome
from hub.payments.intake import PaymentRecorded, PaymentRefunded
from hub.wallet.intake import TopUpRecorded, TopUpRefunded
from protocol.errors import ErrorCode
from tests.hub.wallet.purse import Purse

TILLS = 8


def at_once(purse: Purse, items: Sequence[Item]) -> list[Outcome]:
    """Book each item on a thread of its own."""
    with ThreadPoolExecutor(TILLS) as tills:
        return [outcomes[0] for outcomes in tills.map(purse.world.book, items)]


def test_tills_together_spend_no_more_than_there_is(purse: Purse) -> None:
    purse.top_up(500)
    items = [purse.item(PaymentRecorded(f"P{till}", purse.member, "CNY", 100)) for till in range(TILLS)]

    outcomes = at_once(purse, items)

    assert Counter(outcome.code for outcome in outcomes) == {None: 5, ErrorCode.STORED_VALUE_SHORT: 3}
    assert purse.holds() == (0, 0)
    purse.world.assert_books_are_right()


def test_one_receipt_from_many_tills_is_charged_once(purse: Purse) -> None:
    purse.top_up(500)
    items = [purse.item(PaymentRecorded("P1", purse.member, "CNY", 100)) for _ in range(TILLS)]

    outcomes = at_once(purse, items)

    assert len({outcome.result["payment"] for outcome in outcomes}) == 1
    assert purse.holds() == (400, 0)


def test_refunds_together_never_exceed_the_payment(purse: Purse) -> None:
    purse.term("gift.1", at_least=500, gift=50)
    purse.top_up(500)
    payment = purse.paid(300)
    items = [purse.item(PaymentRefunded(f"R{till}", "cold", payment, 100)) for till in range(TILLS)]

    outcomes = at_once(purse, items)

    assert Counter(outcome.code for outcome in outcomes) == {None: 3, ErrorCode.REFUND_TOO_MUCH: 5}
    assert purse.holds() == (500, 50)
    purse.world.assert_books_are_right()


def test_a_top_up_is_paid_out_once_however_many_ask(purse: Purse) -> None:
    top_up = purse.topped_up(500)
    items = [purse.item(TopUpRefunded(f"R{till}", "cold", top_up)) for till in range(TILLS)]

    outcomes = at_once(purse, items)

    assert Counter(outcome.code for outcome in outcomes) == {None: 1, ErrorCode.REFUND_NOTHING: TILLS - 1}
    assert purse.holds() == (0, 0)


def test_first_top_ups_together_stay_within_the_law(purse: Purse) -> None:
    items = [purse.item(TopUpRecorded(f"T{till}", purse.member, "CNY", 100_000)) for till in range(TILLS)]

    outcomes = at_once(purse, items)

    assert Counter(outcome.code for outcome in outcomes) == {None: 5, ErrorCode.STORED_VALUE_TOO_MUCH: 3}
    assert purse.holds() == (500_000, 0)
    purse.world.assert_books_are_right()
