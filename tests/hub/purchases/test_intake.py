from dataclasses import replace
from uuid import UUID

import pytest
from sqlalchemy import select, update

from hub.intake import ByKey, Verdict
from hub.ledger.models import Transfer
from hub.members.models import Member
from hub.points.earning import lines_in
from hub.purchases.models import Purchase, PurchaseLine
from hub.tiers.models import Standing, TierChange
from protocol.errors import ErrorCode
from tests.hub.world import World


def test_a_purchase_earns_points_at_once(world: World) -> None:
    member = world.add_member()

    outcome = world.book(world.posted(world.purchase(member, 11_800)))[0]

    assert outcome.is_applied
    assert outcome.result["points"] == 118
    assert outcome.result["balance"] == 118
    world.assert_books_are_right()


def test_every_movement_tells_its_rule_and_its_actor(world: World) -> None:
    world.book(world.posted(world.purchase(world.add_member(), 11_800)))

    with world.hub.database.read() as session:
        transfer = session.execute(select(Transfer).where(Transfer.kind == "points.earned")).scalar_one()
    part = {"rule": "earning.1", "version": 1, "points": [118]}
    assert transfer.cause == {"paid": [11_800], "tier": "classic", "multiplier": 10_000, "parts": [part]}
    assert lines_in(transfer.cause) == [
        {
            "line": 1,
            "amount": 11_800,
            "tier": "classic",
            "multiplier": 10_000,
            "parts": [{"rule": "earning.1", "version": 1, "points": 118, "cut": 0}],
        }
    ]
    assert transfer.actor.startswith("key:")


def test_points_are_fixed_line_by_line(world: World) -> None:
    world.book(world.posted(world.purchase(world.add_member(), 5_050, 5_050)))

    with world.hub.database.read() as session:
        lines = session.execute(select(PurchaseLine).order_by(PurchaseLine.line)).scalars().all()
    assert [(line.points, line.qualifying) for line in lines] == [(51, 51), (50, 50)]


def test_the_same_receipt_counts_once_and_answers_the_same(world: World) -> None:
    member = world.add_member()
    first = world.book(world.posted(world.purchase(member, 10_000, receipt="R1")))[0]

    second = world.book(world.posted(world.purchase(member, 10_000, receipt="R1")))[0]

    assert second.result["purchase"] == first.result["purchase"]
    assert world.balance(member) == 100


def test_a_receipt_with_other_content_is_refused(world: World) -> None:
    member = world.add_member()
    world.book(world.posted(world.purchase(member, 10_000, receipt="R1")))

    outcome = world.book(world.posted(world.purchase(member, 20_000, receipt="R1")))[0]

    assert outcome.code is ErrorCode.PURCHASE_KNOWN
    assert world.balance(member) == 100


def test_the_same_receipt_twice_in_one_batch_counts_once(world: World) -> None:
    member = world.add_member()
    items = [world.posted(world.purchase(member, 10_000, receipt="R1")) for _ in range(2)]

    outcomes = world.book(*items)

    assert [outcome.is_applied for outcome in outcomes] == [True, True]
    assert world.balance(member) == 100


def test_a_higher_tier_earns_more(world: World) -> None:
    member = world.add_member()
    with world.hub.database.write() as session:
        session.execute(update(Standing).values(tier="gold"))

    world.book(world.posted(world.purchase(member, 10_000)))

    assert world.balance(member) == 150


def test_enough_qualifying_points_lift_the_tier_in_the_same_booking(world: World) -> None:
    member = world.add_member()
    items = [world.posted(world.purchase(member, 100_000)), world.posted(world.purchase(member, 10_000))]

    outcomes = world.book(*items)

    assert [outcome.result["tier"] for outcome in outcomes] == ["silver", "silver"]
    assert world.balance(member) == 1_000 + 120
    with world.hub.database.read() as session:
        change = session.execute(select(TierChange)).scalar_one()
        assert (change.before, change.after) == ("classic", "silver")
        assert change.evidence == {"qualifying": 1_000, "threshold": 1_000}


def test_a_free_purchase_is_kept_and_earns_nothing(world: World) -> None:
    member = world.add_member()

    outcome = world.book(world.posted(world.purchase(member, 0)))[0]

    assert outcome.is_applied
    assert world.balance(member) == 0
    with world.hub.database.read() as session:
        assert session.query(Purchase).count() == 1


def test_a_stranger_earns_nothing(world: World) -> None:
    outcome = world.book(world.posted(world.purchase(UUID(int=5 << 64), 100)))[0]

    assert outcome.code is ErrorCode.MEMBER_UNKNOWN


def test_a_blocked_member_earns_nothing(world: World) -> None:
    member = world.add_member()
    with world.hub.database.write() as session:
        session.execute(update(Member).values(state="blocked"))

    assert world.book(world.posted(world.purchase(member, 100)))[0].code is ErrorCode.MEMBER_BLOCKED


def test_foreign_money_is_refused(world: World) -> None:
    body = world.purchase(world.add_member(), 100)
    foreign = type(body)(body.receipt, body.member, "USD", body.purchased_at, body.lines)

    assert world.book(world.posted(foreign))[0].code is ErrorCode.CURRENCY_UNKNOWN


def test_an_unknown_store_is_refused(world: World) -> None:
    item = world.posted(world.purchase(world.add_member(), 100), store="S99")

    assert world.book(item)[0].code is ErrorCode.STORE_UNKNOWN


@pytest.mark.parametrize(("store", "code"), [("S01", None), ("S02", ErrorCode.PURCHASE_NOT_HERE)])
def test_a_kiosk_records_purchases_only_where_its_store_allows_it(
    world: World, store: str, code: ErrorCode | None
) -> None:
    kiosk, member = world.add_kiosk(store), world.add_member()

    outcome = world.book(world.told(kiosk, world.purchase(member, 10_000)))[0]

    assert outcome.code is code
    assert world.balance(member) == (100 if code is None else 0)


def test_a_refused_purchase_takes_nothing_else_with_it(world: World) -> None:
    member = world.add_member()
    stranger = world.posted(world.purchase(UUID(int=5 << 64), 100))

    outcomes = world.book(stranger, world.posted(world.purchase(member, 10_000)))

    assert [outcome.verdict for outcome in outcomes] == [Verdict.REJECTED, Verdict.APPLIED]
    assert world.balance(member) == 100


def test_a_request_id_is_good_for_one_content_only(world: World) -> None:
    member, request = world.add_member(), world.new_id()
    first = world.posted(world.purchase(member, 10_000), item_id=request)

    outcomes = [
        world.book(first)[0],
        world.book(first)[0],
        world.book(world.posted(world.purchase(member, 20_000), item_id=request))[0],
    ]

    assert outcomes[0].result == outcomes[1].result
    assert outcomes[2].code is ErrorCode.REQUEST_CONFLICT
    assert world.balance(member) == 100


def test_an_unknown_key_books_nothing(world: World) -> None:
    item = replace(world.posted(world.purchase(world.add_member(), 100)), source=ByKey(b"\0" * 32))

    assert world.book(item)[0].code is ErrorCode.KEY_UNKNOWN
