"""Points and pieces that lie at kiosks and are wanted elsewhere."""

from typing import Any

import pytest
from msgspec import Struct
from sqlalchemy import func, select, update

from hub.booking.models import Fact
from hub.fleet.models import Kiosk
from hub.holds.service import HoldPlaced
from hub.intake import ByApproval, Item, Outcome, Verdict
from hub.merges.service import MembersMerged
from hub.points.intake import PointsAdjusted, PointsTransferred
from hub.programme.service import Change, publish
from hub.returns.intake import LineReturned, PurchaseReturned
from protocol.duties import RecallLease
from protocol.errors import ErrorCode
from protocol.events import LeaseClosed
from tests.hub.leases.scene import TOTE, Ahead, accepted, stock_accepted
from tests.hub.world import World

RECALLED, LENT = (Verdict.WAITING, ErrorCode.POINTS_RECALLED), (Verdict.WAITING, ErrorCode.POINTS_LENT)


@pytest.fixture
def scene(world: World) -> Ahead:
    return Ahead(world)


def said(outcome: Outcome) -> tuple[Verdict, ErrorCode | None]:
    return outcome.verdict, outcome.code


def test_who_asks_for_more_than_the_hub_has_is_told_to_ask_again(scene: Ahead) -> None:
    grant = scene.lend(500)

    outcome = scene.ask(600)

    assert said(outcome) == RECALLED
    assert scene.duties(RecallLease) == [RecallLease(scene.here.epoch, grant.lease)]


def test_once_it_has_come_back_it_is_granted(scene: Ahead) -> None:
    grant = scene.lend(500)
    scene.tell(accepted(grant))
    scene.ask(600)
    scene.tell(LeaseClosed(grant.lease, 0))

    outcome = scene.ask(600)

    assert outcome.is_applied
    assert scene.world.balance(scene.member) == 400
    scene.world.assert_books_are_right()


def test_what_was_spent_there_before_it_came_back_is_missing(scene: Ahead) -> None:
    grant = scene.lend(500)
    scene.ask(600)
    scene.tell(accepted(grant), scene.spent(grant, 450), LeaseClosed(grant.lease, 450))

    outcome = scene.ask(600)

    assert (outcome.code, outcome.result) == (ErrorCode.POINTS_SHORT, {"short": 50})
    assert outcome.verdict is Verdict.REJECTED


def test_asking_again_and_again_calls_back_once(scene: Ahead) -> None:
    scene.lend(500)

    outcomes = [scene.ask(600) for _ in range(3)]

    assert [said(outcome) for outcome in outcomes] == [RECALLED] * 3
    assert len(scene.duties(RecallLease)) == 1


def test_where_the_holder_is_away_the_member_is_told_where_the_points_are(scene: Ahead) -> None:
    scene.lend(500)
    scene.connect(scene.here, "lost")

    outcome = scene.ask(600)

    assert said(outcome) == LENT
    assert outcome.result == {"points": 500, "store": "S01", "store_zh": "S01"}
    assert len(scene.duties(RecallLease)) == 1


def test_a_holder_that_does_not_answer_counts_as_away(scene: Ahead) -> None:
    scene.lend(500)
    scene.ask(600)
    scene.world.clock.pass_(seconds=11)

    assert said(scene.ask(600)) == LENT


def test_what_is_away_is_left_where_those_who_answer_hold_enough(scene: Ahead) -> None:
    scene.lend(300)
    scene.lend(300, scene.there)
    scene.connect(scene.here, "lost")

    assert said(scene.ask(600)) == RECALLED
    assert (len(scene.duties(RecallLease)), len(scene.duties(RecallLease, scene.there))) == (0, 1)


def test_nobody_is_asked_where_all_of_it_would_not_do(world: World) -> None:
    scene = Ahead(world, points=590)
    scene.lend(500)

    assert scene.ask(600).code is ErrorCode.POINTS_SHORT
    assert scene.duties(RecallLease) == []


def test_a_kiosk_gives_back_its_own_lease_too(scene: Ahead) -> None:
    scene.lend(500)
    scene.connect(scene.here, "lost")

    assert said(scene.ask(600, kiosk=scene.here)) == RECALLED


def test_a_revoked_kiosk_gives_nothing_back(scene: Ahead) -> None:
    scene.lend(500)
    with scene.world.hub.database.write() as session:
        session.execute(update(Kiosk).where(Kiosk.id == scene.here.id).values(state="revoked"))

    assert said(scene.ask(600)) == LENT
    assert scene.duties(RecallLease) == []


def posted(world: World, kind: str, body: Struct, **overrides: Any) -> Item:
    return world.posted(body, kind=kind, **overrides)


@pytest.mark.parametrize("kind", ["points.adjusted", "points.transferred", "hold.placed"])
def test_tills_and_people_call_back_too_and_may_send_the_same_request_again(scene: Ahead, kind: str) -> None:
    world, other = scene.world, scene.world.add_member("陈思远")
    with world.hub.database.write() as session:
        publish(session, Change("transfers", {"offered": True, "day_max": 5_000}, "test"), world.clock.now)
        publish(session, Change("adjustments", {"limits": {"admin": 5_000}}, "test"), world.clock.now)
    bodies: dict[str, Struct] = {
        "points.adjusted": PointsAdjusted(scene.member, -700, "counted twice"),
        "points.transferred": PointsTransferred(scene.member, other, 700, ""),
        "hold.placed": HoldPlaced(scene.member, "points", 700, 5),
    }
    item = posted(world, kind, bodies[kind], **by_whom(kind))
    grant = scene.lend(500)

    first = world.book(item)[0]
    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))
    second = world.book(item)[0]

    assert said(first) == RECALLED
    assert second.is_applied, second
    assert world.balance(scene.member) == 300


def by_whom(kind: str) -> dict[str, Any]:
    return {"source": ByApproval("person:test", "admin")} if kind == "points.adjusted" else {}


def test_a_refusal_that_may_come_right_is_not_written_down(scene: Ahead) -> None:
    world = scene.world
    scene.lend(500)
    item = posted(world, "hold.placed", HoldPlaced(scene.member, "points", 700, 5))

    world.book(item)

    with world.hub.database.read() as session:
        assert session.execute(select(func.count()).select_from(Fact).where(Fact.id == item.id)).scalar_one() == 0


def test_members_are_merged_once_their_points_are_back(scene: Ahead) -> None:
    world, other = scene.world, scene.world.add_member("陈思远")
    grant = scene.lend(500)
    item = posted(world, "member.merged", MembersMerged(other, scene.member, "the same person"))

    first = world.book(item)[0]
    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))
    second = world.book(item)[0]

    assert said(first) == RECALLED
    assert second.is_applied, second


def test_a_merge_waits_for_the_counter_where_a_holder_is_away(scene: Ahead) -> None:
    other = scene.world.add_member("陈思远")
    scene.lend(500)
    scene.connect(scene.here, "lost")

    outcome = scene.world.book(
        posted(scene.world, "member.merged", MembersMerged(other, scene.member, "the same person"))
    )[0]

    assert said(outcome) == (Verdict.REJECTED, ErrorCode.MERGE_LEASED)
    assert len(scene.duties(RecallLease)) == 1


def test_points_that_go_back_with_goods_are_called_back(scene: Ahead) -> None:
    world, purchase = scene.world, scene.world.new_id()
    with world.hub.database.write() as session:
        publish(session, Change("returns", {"short": "deny"}, "test"), world.clock.now)
    world.book(world.posted(world.purchase(scene.member, 100_000), item_id=purchase))
    grant = scene.lend(1_500)
    item = posted(world, "purchase.returned", PurchaseReturned("B1", [LineReturned(1, 1, 100_000)], purchase))

    first = world.book(item)[0]
    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))
    second = world.book(item)[0]

    assert said(first) == RECALLED
    assert second.is_applied, second


def test_the_last_piece_is_called_back_from_another_kiosk(world: World) -> None:
    scene = Ahead(world, points=3_000)
    stock = scene.lend_stock()

    first = scene.ask(2_400, TOTE)
    scene.tell(stock_accepted(stock), LeaseClosed(stock.lease, 0))
    second = scene.ask(2_400, TOTE)

    assert said(first) == (Verdict.WAITING, ErrorCode.REWARD_RECALLED)
    assert scene.duties(RecallLease) == [RecallLease(scene.here.epoch, stock.lease)]
    assert second.is_applied


def test_a_piece_at_a_kiosk_that_is_away_is_gone_for_now(world: World) -> None:
    scene = Ahead(world, points=3_000)
    scene.lend_stock()
    scene.connect(scene.here, "lost")

    assert scene.ask(2_400, TOTE).code is ErrorCode.REWARD_GONE
