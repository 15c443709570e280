import pytest
from sqlalchemy import select

from hub.holds.service import HoldCaptured
from hub.ledger.models import Account, Transfer
from hub.points.service import points_account
from hub.wallet.service import BONUS_FORFEITED, SPENT, bonus_account, principal_account
from protocol.errors import ErrorCode
from protocol.ids import derived_id
from tests.hub.holds.till import Till


@pytest.fixture
def rich_till(till: Till) -> Till:
    """A member who also has 600.00 of principal, from two top-ups, and 50.00 of bonus."""
    till.term("gift.1", at_least=50_000, gift=5_000)
    till.top_up(10_000)
    till.world.clock.pass_(days=1)
    till.top_up(50_000)
    return till


@pytest.mark.parametrize(
    ("order", "held", "left"),
    [
        ("bonus_first", (15_000, 5_000), (55_000, 0)),
        ("principal_first", (20_000, 0), (50_000, 5_000)),
        ("proportional", (18_461, 1_539), (50_770, 4_230)),
    ],
)
def test_money_is_held_and_captured_in_the_order_of_its_use(
    rich_till: Till, *, order: str, held: tuple[int, int], left: tuple[int, int]
) -> None:
    till = rich_till
    till.term("wallet", order=order)
    hold = till.placed(20_000, "money")
    own = tuple(till.balance(derived_id(hold, book)) for book in ("principal", "bonus"))
    while_held = till.holds()

    till.capture(hold, 10_000)

    assert own == held
    assert while_held == (60_000 - held[0], 5_000 - held[1])
    assert till.holds() == left
    till.world.assert_books_are_right()


def test_held_money_is_not_there_for_a_payment(rich_till: Till) -> None:
    rich_till.placed(60_000, "money")

    assert rich_till.pay(5_001).result == {"short": 1}


def test_released_money_comes_back_into_its_lots(rich_till: Till) -> None:
    hold = rich_till.placed(30_000, "money")
    held = (rich_till.lots(principal_account(rich_till.member)), rich_till.lots(bonus_account(rich_till.member)))

    rich_till.release(hold)

    assert held == ([0, 35_000], [0])
    assert rich_till.lots(principal_account(rich_till.member)) == [10_000, 50_000]
    assert rich_till.lots(bonus_account(rich_till.member)) == [5_000]
    rich_till.world.assert_books_are_right()


def test_captured_money_is_a_payment_that_can_be_refunded(rich_till: Till) -> None:
    hold = rich_till.placed(30_000, "money")
    capturing = rich_till.hold_item(HoldCaptured(hold, 20_000, "P1"))
    rich_till.world.book(capturing)
    after = rich_till.holds()

    refunds = [rich_till.refund(capturing.id, 12_000), rich_till.refund(capturing.id, 8_001)]
    rich_till.refund(capturing.id, 8_000)

    [payment] = rich_till.receipts("payment")
    assert (payment.id, payment.receipt, payment.amount) == (capturing.id, "P1", 20_000)
    assert (payment.principal, payment.bonus) == (15_000, 5_000)
    assert after == (45_000, 0)
    assert [refund.code for refund in refunds] == [None, ErrorCode.REFUND_TOO_MUCH]
    assert rich_till.lots(principal_account(rich_till.member)) == [10_000, 50_000]
    assert rich_till.holds() == (60_000, 5_000)
    rich_till.world.assert_books_are_right()


def test_a_receipt_number_pays_once_from_a_hold_or_from_the_wallet(rich_till: Till) -> None:
    first, second = rich_till.placed(1_000, "money"), rich_till.placed(1_000, "money")
    rich_till.pay(100, "P1")
    taken = rich_till.capture(first, 1_000, "P1")
    rich_till.capture(first, 1_000, "P2")

    outcomes = [taken, rich_till.capture(second, 1_000, "P2"), rich_till.pay(100, "P2")]

    assert {outcome.code for outcome in outcomes} == {ErrorCode.PAYMENT_KNOWN}
    rich_till.world.assert_books_are_right()


def test_a_receipt_number_pays_once_within_a_batch(rich_till: Till) -> None:
    holds = [rich_till.placed(1_000, "money") for _ in range(2)]

    outcomes = rich_till.world.book(*(rich_till.hold_item(HoldCaptured(hold, 1_000, "P1")) for hold in holds))

    assert [outcome.code for outcome in outcomes] == [None, ErrorCode.PAYMENT_KNOWN]


def test_points_captured_from_holds_may_share_a_receipt_with_money(rich_till: Till) -> None:
    points, money = rich_till.placed(100), rich_till.placed(1_000, "money")

    outcomes = [rich_till.capture(money, 1_000, "P1"), rich_till.capture(points, 100, "P1")]

    assert [outcome.code for outcome in outcomes] == [None, None]


def test_bonus_that_expired_while_it_was_held_expires_when_it_comes_back(till: Till) -> None:
    till.term("wallet", bonus_months=1)
    till.term("gift.1", at_least=1_000, gift=500)
    till.top_up(1_000)
    till.world.clock.pass_(days=30, hours=23, minutes=55)
    hold = till.placed(1_500, "money")
    till.world.clock.pass_(minutes=9)

    till.release(hold)

    assert till.holds() == (1_000, 0)
    [expired] = till.transfers("bonus.expired")
    assert (expired.credit, expired.amount) == (BONUS_FORFEITED, 500)
    till.world.assert_books_are_right()


def test_a_member_is_shown_anew_when_money_is_held_or_comes_back(rich_till: Till) -> None:
    def version() -> int:
        with rich_till.world.hub.database.read() as session:
            return session.get_one(Account, points_account(rich_till.member)).version

    versions = [version()]
    hold = rich_till.placed(1_000, "money")
    versions.append(version())
    rich_till.release(hold)
    versions.append(version())

    assert versions == [versions[0], versions[0] + 1, versions[0] + 2]


def test_captured_money_goes_where_payments_go(rich_till: Till) -> None:
    hold = rich_till.placed(1_000, "money")

    rich_till.capture(hold, 400)

    with rich_till.world.hub.database.read() as session:
        spent = session.execute(select(Transfer).where(Transfer.credit == SPENT)).scalars().all()
    assert [(made.kind, made.amount) for made in spent] == [("bonus.paid", 400)]
