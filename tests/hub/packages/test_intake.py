from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.ledger.models import Account, Lot
from hub.members.models import Member
from hub.packages.intake import PackageSold, PackageUsed
from hub.packages.service import count_account
from protocol.errors import ErrorCode
from tests.hub.wallet.purse import Purse


def offered(purse: Purse, **overrides: object) -> Purse:
    """A purse in a chain that sells eight washes and two waxes for 100.00."""
    purse.term("package.care", **{"price": 10_000, "items": {"wash": 8, "wax": 2}, "valid_days": 90, **overrides})
    return purse


def test_a_package_gives_counts_that_each_have_their_share_of_the_price(purse: Purse) -> None:
    outcome = offered(purse).buy("care")

    assert (outcome.result["price"], outcome.result["counts"]) == (10_000, {"wash": 8, "wax": 2})
    with purse.world.hub.database.read() as session:
        query = select(Account.unit, Lot.remaining, Lot.unit_value, Lot.source).join(Lot, Lot.account == Account.id)
        lots = session.execute(query.where(Account.book == "counts").order_by(Account.unit)).all()
    assert lots == [("count.wash", 8, 10_000_000, "package"), ("count.wax", 2, 10_000_000, "package")]
    purse.world.assert_books_are_right()


def test_packages_add_up_and_the_same_receipt_counts_once(purse: Purse) -> None:
    first = offered(purse).buy("care", "S1")
    purse.buy("care", "S2")

    again = purse.buy("care", "S1")

    assert again.result["sale"] == first.result["sale"]
    assert purse.counts("wash") == 16


def test_a_receipt_with_other_content_is_refused(small_purse: Purse) -> None:
    offered(small_purse).buy("care", "S1")
    other = small_purse.world.add_member("陈思远")

    assert small_purse.post(PackageSold("S1", "care", other, "CNY")).code is ErrorCode.RECEIPT_KNOWN


def test_a_sale_keeps_to_the_version_it_was_made_under(purse: Purse) -> None:
    sale = offered(purse).bought("care")
    offered(purse, items={"wash": 1}, price=5)

    refund = purse.return_package(sale)

    assert (refund.result["paid_out"], refund.result["items"]) == (10_000, {"wash": 8, "wax": 2})


@pytest.mark.parametrize(
    ("overrides", "code"),
    [
        ({"stores": ["S02"]}, ErrorCode.PACKAGE_NOT_SOLD),
        ({"sold_until": "2026-11-21T02:00:00Z"}, ErrorCode.PACKAGE_NOT_SOLD),
    ],
)
def test_a_package_that_is_not_sold_here_and_now_is_refused(
    small_purse: Purse, overrides: dict[str, object], code: ErrorCode
) -> None:
    assert offered(small_purse, **overrides).buy("care").code is code


def test_unknown_packages_members_stores_and_money_are_refused(small_purse: Purse) -> None:
    offered(small_purse)
    stranger = PackageSold("S1", "care", UUID(int=5 << 64), "CNY")
    nowhere = PackageSold("S2", "care", small_purse.member, "CNY")

    assert small_purse.buy("spa").code is ErrorCode.PACKAGE_UNKNOWN
    assert small_purse.post(stranger).code is ErrorCode.MEMBER_UNKNOWN
    assert small_purse.post(nowhere, store="S99").code is ErrorCode.STORE_UNKNOWN
    assert small_purse.buy("care", currency="USD").code is ErrorCode.CURRENCY_UNKNOWN


def test_a_blocked_member_neither_buys_nor_uses(small_purse: Purse) -> None:
    offered(small_purse).buy("care")
    with small_purse.world.hub.database.write() as session:
        session.execute(update(Member).values(state="blocked"))

    assert small_purse.buy("care").code is ErrorCode.MEMBER_BLOCKED
    assert small_purse.use("wash").code is ErrorCode.MEMBER_BLOCKED


def test_a_use_takes_counts_and_tells_what_is_left(purse: Purse) -> None:
    offered(purse).buy("care")

    result = purse.use("wash", 3).result

    assert (result["item"], result["count"], result["left"]) == ("wash", 3, 5)
    assert purse.counts("wax") == 2
    purse.world.assert_books_are_right()


def test_a_repeated_scan_uses_once(purse: Purse) -> None:
    offered(purse).buy("care")
    items = [purse.item(PackageUsed("U1", purse.member, "wash", 1)) for _ in range(2)]

    first, second = purse.world.book(*items)

    assert first.result == second.result
    assert purse.counts("wash") == 7
    assert purse.use("wash", 2, "U1").code is ErrorCode.RECEIPT_KNOWN


@pytest.mark.parametrize(("item", "count", "short"), [("wash", 9, 1), ("spa", 1, 1), ("x" * 64, 2, 2)])
def test_nobody_uses_more_than_is_left(small_purse: Purse, item: str, count: int, short: int) -> None:
    offered(small_purse).buy("care")

    outcome = small_purse.use(item, count)

    assert (outcome.code, outcome.result) == (ErrorCode.COUNTS_SHORT, {"short": short})


def test_what_expires_first_is_used_first_and_then_not_at_all(purse: Purse) -> None:
    offered(purse, valid_days=90).buy("care")
    offered(purse, valid_days=30).buy("care")

    purse.use("wash", 10)
    purse.world.clock.pass_(days=31)

    assert sorted(purse.lots(count_account(purse.member, "wash"))) == [0, 6]
    assert purse.use("wax", 3).code is ErrorCode.COUNTS_SHORT
    assert purse.use("wax", 2).is_applied


def test_uses_come_back_into_their_lots_and_never_more_than_was_used(purse: Purse) -> None:
    offered(purse).buy("care")
    use = purse.used("wash", 3)

    first, again = purse.give_back(use, 2, "R1"), purse.give_back(use, 2, "R1")
    more, rest = purse.give_back(use, 2), purse.give_back(use, 1)

    assert first.result == again.result
    assert (first.result["count"], first.result["left"]) == (2, 7)
    assert (more.code, more.result) == (ErrorCode.REFUND_TOO_MUCH, {"left": 1})
    assert rest.result["left"] == 8
    assert purse.lots(count_account(purse.member, "wash")) == [8]
    purse.world.assert_books_are_right()


def test_counts_that_have_expired_meanwhile_expire_at_once(purse: Purse) -> None:
    offered(purse, valid_days=30).buy("care")
    use = purse.used("wash", 8)
    purse.world.clock.pass_(days=31)

    result = purse.give_back(use, 8).result

    assert (result["expired"], result["left"]) == (8, 0)
    purse.world.assert_books_are_right()


def test_what_remains_of_a_package_is_paid_out_by_its_value(purse: Purse) -> None:
    sale = offered(purse).bought("care")
    purse.use("wash", 7)

    first, again = purse.return_package(sale, "R1"), purse.return_package(sale, "R1")

    assert first.result == again.result
    assert (first.result["paid_out"], first.result["items"]) == (3_000, {"wash": 1, "wax": 2})
    assert (purse.counts("wash"), purse.counts("wax")) == (0, 0)
    assert purse.return_package(sale).code is ErrorCode.REFUND_NOTHING
    purse.world.assert_books_are_right()


def test_only_what_has_not_expired_is_paid_out(small_purse: Purse) -> None:
    sale = offered(small_purse, valid_days=30).bought("care")
    small_purse.world.clock.pass_(days=30)

    assert small_purse.return_package(sale).code is ErrorCode.REFUND_NOTHING


def test_a_package_takes_back_only_its_own_counts(purse: Purse) -> None:
    first = offered(purse).bought("care")
    purse.world.clock.pass_(days=1)
    purse.buy("care")

    purse.return_package(first)

    assert purse.lots(count_account(purse.member, "wash")) == [0, 8]


def test_only_a_sale_is_returned_and_only_a_use_given_back(small_purse: Purse) -> None:
    sale = offered(small_purse).bought("care")
    use = small_purse.used("wash")

    assert small_purse.return_package(use).code is ErrorCode.RECEIPT_UNKNOWN
    assert small_purse.give_back(sale, 1).code is ErrorCode.RECEIPT_UNKNOWN


def test_closing_the_wallet_leaves_the_counts(purse: Purse) -> None:
    offered(purse).buy("care")
    purse.top_up(100)

    purse.close()

    assert (purse.counts("wash"), purse.holds()) == (8, (0, 0))
