from uuid import UUID

import pytest
from sqlalchemy import select

from hub.ledger.models import Transfer
from hub.points.service import PAID_WITH_POINTS
from hub.purchases.models import Purchase, PurchaseLine
from protocol.errors import ErrorCode
from tests.hub.purchases.shop import CASH, causes, posted, put
from tests.hub.world import World


def test_points_pay_for_a_part_and_only_the_rest_earns(world: World) -> None:
    put(world, "cash", **CASH)
    member = world.add_member()
    world.earn(member, 500)

    outcome = world.book(world.posted(posted(world, member, 9_000, 3_000, points=300)))[0]

    told = {name: outcome.result[name] for name in ("points", "points_paid", "value_paid", "balance")}
    assert told == {"points": 90, "points_paid": 300, "value_paid": 3_000, "balance": 500 - 300 + 90}
    with world.hub.database.read() as session:
        purchase = session.get(Purchase, UUID(outcome.result["purchase"]))
        assert purchase is not None
        query = select(PurchaseLine).where(PurchaseLine.purchase == purchase.id).order_by(PurchaseLine.line)
        lines = session.execute(query).scalars().all()
        transfer = session.execute(select(Transfer).where(Transfer.credit == PAID_WITH_POINTS)).scalar_one()
    assert (purchase.amount, purchase.points_paid, purchase.value_paid) == (12_000, 300, 3_000)
    assert [(line.amount, line.points_paid, line.value_paid) for line in lines] == [
        (9_000, 225, 2_250),
        (3_000, 75, 750),
    ]
    assert [(line.points, line.qualifying) for line in lines] == [(68, 68), (22, 22)]
    assert (transfer.kind, transfer.amount) == ("points.paid", 300)
    assert transfer.cause == {"rule": "cash", "version": 1, "value": 3_000}
    world.assert_books_are_right()


def test_a_line_for_which_points_paid_nothing_gives_none_back(world: World) -> None:
    put(world, "cash", points=1_000, minor=1)
    member = world.add_member()
    world.earn(member, 1_000)

    outcome = world.book(world.posted(posted(world, member, 300, 700, points=1_000)))[0]

    with world.hub.database.read() as session:
        query = select(PurchaseLine).where(PurchaseLine.purchase == UUID(outcome.result["purchase"]))
        lines = session.execute(query.order_by(PurchaseLine.line)).scalars().all()
    assert [(line.points_paid, line.value_paid) for line in lines] == [(0, 0), (1_000, 1)]


def test_what_points_paid_for_entirely_earns_nothing(world: World) -> None:
    put(world, "cash", **CASH)
    put(world, "earning.2", kind="bonus", points=50, per="unit")
    member = world.add_member()
    world.earn(member, 500)

    outcome = world.book(world.posted(posted(world, member, 1_000, points=100)))[0]

    assert (outcome.result["points"], outcome.result["value_paid"]) == (0, 1_000)


@pytest.mark.parametrize(
    ("policy", "points", "code", "data"),
    [
        (None, 10, ErrorCode.CASH_NOT_OFFERED, {}),
        (CASH, 110, ErrorCode.CASH_OVER_SHARE, {"most": 100}),
        (CASH | {"max_share_bp": 5_000}, 60, ErrorCode.CASH_OVER_SHARE, {"most": 50}),
        (CASH | {"min_points": 50}, 40, ErrorCode.CASH_TOO_FEW, {"min": 50}),
        ({"points": 3, "minor": 20}, 10, ErrorCode.CASH_UNEVEN, {"step": 3}),
        (CASH, 90, ErrorCode.POINTS_SHORT, {"short": 10}),
    ],
)
def test_points_that_may_not_pay_are_refused_and_change_nothing(
    *, world: World, policy: dict[str, int] | None, points: int, code: ErrorCode, data: dict[str, int]
) -> None:
    if policy is not None:
        put(world, "cash", **policy)
    member = world.add_member()
    world.earn(member, 80)

    outcome = world.book(world.posted(posted(world, member, 1_000, points=points)))[0]

    assert (outcome.code, outcome.result) == (code, data)
    assert world.balance(member) == 80
    with world.hub.database.read() as session:
        assert session.query(Purchase).count() == 1
    world.assert_books_are_right()


def test_what_a_purchase_earns_cannot_pay_for_it(world: World) -> None:
    put(world, "cash", **CASH)
    member = world.add_member()

    outcome = world.book(world.posted(posted(world, member, 100_000, points=10)))[0]

    assert (outcome.code, outcome.result) == (ErrorCode.POINTS_SHORT, {"short": 10})


def test_a_purchase_can_pay_with_what_the_one_before_it_has_earned(world: World) -> None:
    put(world, "cash", **CASH)
    member = world.add_member()
    batch = [
        posted(world, member, 10_000),
        posted(world, member, 1_000, points=100),
        posted(world, member, 100, points=10),
    ]

    outcomes = world.book(*(world.posted(body) for body in batch))

    assert [outcome.code for outcome in outcomes] == [None, None, ErrorCode.POINTS_SHORT]
    assert world.balance(member) == 0


def test_pending_points_do_not_pay(world: World) -> None:
    put(world, "cash", **CASH)
    put(world, "expiry", pending_days=14)
    member = world.add_member()
    world.earn(member, 100)

    refused = world.book(world.posted(posted(world, member, 1_000, points=10)))[0]
    world.clock.pass_(days=14)
    taken = world.book(world.posted(posted(world, member, 1_000, points=10)))[0]

    assert (refused.code, taken.code) == (ErrorCode.POINTS_SHORT, None)


def test_a_repeated_receipt_tells_what_was_paid_the_first_time(world: World) -> None:
    put(world, "cash", **CASH)
    member = world.add_member()
    world.earn(member, 100)
    body = posted(world, member, 1_000, points=50, receipt="R1")

    first, again = (world.book(world.posted(body))[0] for _ in range(2))

    assert again.result == first.result
    assert world.balance(member) == 100 - 50 + 5


def test_a_repeated_receipt_with_other_points_is_refused(world: World) -> None:
    put(world, "cash", **CASH)
    member = world.add_member()
    world.earn(member, 100)
    world.book(world.posted(posted(world, member, 1_000, points=50, receipt="R1")))

    outcome = world.book(world.posted(posted(world, member, 1_000, points=40, receipt="R1")))[0]

    assert outcome.code is ErrorCode.PURCHASE_KNOWN


def test_a_receipt_is_known_again_when_a_kiosk_brings_it_after_a_till(world: World) -> None:
    member, kiosk = world.add_member(), world.add_kiosk()
    body = world.purchase(member, 1_000, receipt="R1")
    world.book(world.posted(body))

    outcome = world.book(world.told(kiosk, body))[0]

    assert outcome.is_applied
    assert world.balance(member) == 10


def test_the_cause_of_a_payment_names_the_price_in_force(world: World) -> None:
    put(world, "cash", **CASH)
    put(world, "cash", points=20, minor=100)
    member = world.add_member()
    world.earn(member, 100)

    world.book(world.posted(posted(world, member, 1_000, points=20)))

    assert causes(world, "points.paid") == [{"rule": "cash", "version": 2, "value": 100}]
