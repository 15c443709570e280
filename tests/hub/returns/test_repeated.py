import pytest

from hub.returns.intake import LineReturned, PurchaseReturned
from protocol.errors import ErrorCode
from tests.hub.returns.shop import KIND, Shop, SoldLine
from tests.hub.world import STORE


def test_the_same_receipt_counts_once_and_answers_the_same(shop: Shop) -> None:
    purchase = shop.sell(SoldLine(), receipt="R1")
    first = shop.bring_back(purchase, (1, 1, 5_000), receipt="B1", reason="too small")

    second = shop.bring_back(purchase, (1, 1, 5_000), receipt="B1", purchase=None, sold_in=STORE, sold_as="R1")

    assert second.result == first.result
    assert shop.balance == 50


def test_the_same_receipt_twice_in_one_batch_counts_once(shop: Shop) -> None:
    purchase = shop.sell(SoldLine())
    body = PurchaseReturned("B1", [LineReturned(1, 0, 5_000)], purchase)

    first, second = shop.world.book(*(shop.world.posted(body, kind=KIND) for _ in range(2)))

    assert second.result == first.result
    assert shop.balance == 50


@pytest.mark.parametrize("what", ["lines", "purchase"])
def test_a_receipt_with_other_content_is_refused(shop: Shop, what: str) -> None:
    purchase = shop.sell(SoldLine())
    shop.bring_back(purchase, (1, 1, 5_000), receipt="B1")
    other = {"lines": [LineReturned(1, 1, 4_000)], "purchase": shop.sell(SoldLine())}

    outcome = shop.bring_back(purchase, (1, 1, 5_000), receipt="B1", **{what: other[what]})

    assert outcome.code is ErrorCode.RETURN_KNOWN


def test_the_same_request_is_answered_as_the_first_time(shop: Shop) -> None:
    body = PurchaseReturned("B1", [LineReturned(1, 1, 10_000)], shop.sell(SoldLine()))
    item = shop.world.posted(body, kind=KIND)

    first, second = shop.world.book(item)[0], shop.world.book(item)[0]

    assert second.result == first.result
    assert shop.balance == 0
