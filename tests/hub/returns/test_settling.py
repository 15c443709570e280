from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from uuid import UUID

from hub.ledger.rules import AccountState, Books, Context, Grant, Posting
from hub.points.service import EXPIRED, ISSUED, POINTS_EXPIRED, REDEEMED, points_account
from hub.returns.intake import LineReturned, PurchaseReturned
from hub.returns.rules import SaleState
from hub.returns.settling import expired_of
from tests.hub.returns.shop import KIND, Shop, SoldLine

NOW = datetime(2026, 11, 21, tzinfo=UTC)
MEMBER, PURCHASE = UUID(int=1 << 64), UUID(int=2 << 64)
ACCOUNT = points_account(MEMBER)


def make_sale(**figures: int) -> SaleState:
    return SaleState(PURCHASE, MEMBER, {}, **figures)


def make_books() -> Books:
    """Books in which a purchase has earned 100 points."""
    books = Books()
    books.open(AccountState(ACCOUNT, MEMBER, "points", "points", has_lots=True, balance=0, version=0))
    earned = Posting("points.earned", ISSUED, ACCOUNT, 100, {}, Grant("purchase", NOW, None))
    assert books.post(Context(PURCHASE, "test", NOW), [earned]) is None
    books.lots[make_sale().lot].is_changed = False
    return books


def take(books: Books, kind: str, amount: int) -> None:
    """Take points from the lot."""
    credit = EXPIRED if kind == POINTS_EXPIRED else REDEEMED
    posting = Posting(kind, ACCOUNT, credit, amount, {}, lots=(make_sale().lot,))
    assert books.post(Context(UUID(int=amount << 64), "test", NOW), [posting]) is None


def test_a_purchase_that_earned_nothing_has_nothing_that_expired() -> None:
    assert expired_of(make_sale(), Books()) == 0


def test_what_expired_before_is_as_it_was_read() -> None:
    books = make_books()
    books.lots[make_sale().lot].remaining = 30

    assert expired_of(make_sale(used=70, expired=60), books) == 60


def test_a_lot_that_another_booking_used_since_it_was_read_is_noticed() -> None:
    books = make_books()
    books.lots[make_sale().lot].remaining = 30

    assert expired_of(make_sale(used=10), books) is None


def test_what_the_same_batch_used_and_expired_is_counted() -> None:
    books = make_books()
    take(books, "points.spent", 20)
    take(books, POINTS_EXPIRED, 50)

    assert expired_of(make_sale(), books) == 50


def test_what_expired_by_mistake_has_not_expired() -> None:
    books = make_books()
    take(books, POINTS_EXPIRED, 50)
    original = books.transfers[-1].id
    posting = Posting("expiry.reversed", EXPIRED, ACCOUNT, 30, {}, reverses=original, restores=True)
    assert books.post(Context(UUID(int=3 << 64), "test", NOW), [posting]) is None

    assert expired_of(make_sale(), books) == 20


def test_tills_that_return_the_same_goods_at_once_do_not_return_them_twice(shop: Shop) -> None:
    purchases = [shop.sell(SoldLine(quantity=3, amount=9_000, points=90)) for _ in range(5)]
    lines = [LineReturned(1, 2, 6_000)]
    tills = [
        [
            shop.world.posted(PurchaseReturned(f"B{till}{purchase}"[:60], lines, purchase), kind=KIND)
            for purchase in purchases
        ]
        for till in range(4)
    ]

    with ThreadPoolExecutor(len(tills)) as pool:
        told = list(pool.map(lambda items: [shop.world.book(item)[0] for item in items], tills))

    outcomes = [outcome for each in told for outcome in each]
    assert sum(outcome.is_applied for outcome in outcomes) == len(purchases)
    assert shop.balance == len(purchases) * 30
    shop.world.assert_books_are_right()
