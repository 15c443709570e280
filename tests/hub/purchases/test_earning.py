from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from hub.ledger import service as ledger
from hub.ledger.models import Transfer
from hub.ledger.rules import Books, Context
from hub.points.earning import lines_in
from hub.points.service import owe, points_account
from hub.purchases.models import PurchaseLine
from tests.hub.purchases.shop import CASH, causes, give_tier, lots, move_to, posted, put, tallied
from tests.hub.world import START, World


def test_every_rule_in_force_adds_its_part(world: World) -> None:
    put(world, "earning.2", kind="multiplier", multiplier=20_000, categories=["coffee"])
    put(world, "earning.3", kind="bonus", points=7, per="line", tiers=["gold"])
    member = world.add_member()
    give_tier(world, member, "gold")

    outcome = world.book(world.posted(posted(world, member, 1_000, 2_000)))[0]

    assert outcome.result["points"] == 45 + 10 + 14
    [cause] = causes(world, "points.earned")
    assert [part["rule"] for part in lines_in(cause)[0]["parts"]] == ["earning.1", "earning.2", "earning.3"]
    with world.hub.database.read() as session:
        lines = session.execute(select(PurchaseLine).order_by(PurchaseLine.line)).scalars().all()
    assert [(line.points, line.qualifying) for line in lines] == [(15 + 10 + 7, 10), (30 + 7, 20)]
    world.assert_books_are_right()


def test_a_withdrawn_or_changed_rule_counts_from_the_next_purchase(world: World) -> None:
    member = world.add_member()
    put(world, "earning.2", kind="bonus", points=5)
    first = world.book(world.posted(posted(world, member, 1_000)))[0]
    put(world, "earning.2", kind="bonus", points=6)
    second = world.book(world.posted(posted(world, member, 1_000)))[0]

    assert [first.result["points"], second.result["points"]] == [15, 16]
    assert [lines_in(cause)[0]["parts"][1]["version"] for cause in causes(world, "points.earned")] == [1, 2]


def test_a_cap_holds_within_a_batch_and_beyond_it(world: World) -> None:
    put(world, "earning.2", kind="bonus", points=30, cap_member=50)
    member = world.add_member()
    batch = [world.posted(posted(world, member, 100)) for _ in range(2)]

    outcomes = [*world.book(*batch), *world.book(world.posted(posted(world, member, 100)))]

    assert [outcome.result["points"] for outcome in outcomes] == [31, 21, 1]
    cuts = [lines_in(cause)[0]["parts"][1]["cut"] for cause in causes(world, "points.earned")]
    assert sorted(cuts) == [0, 10, 30]
    assert tallied(world) == [50]


def test_a_budget_is_for_all_members_together(world: World) -> None:
    put(world, "earning.2", kind="bonus", points=30, budget=50)

    outcomes = [world.book(world.posted(posted(world, world.add_member(), 100)))[0] for _ in range(3)]

    assert [outcome.result["points"] for outcome in outcomes] == [31, 21, 1]
    assert tallied(world) == [50]


def test_a_cap_a_day_is_free_again_at_the_chains_midnight(world: World) -> None:
    put(world, "earning.2", kind="bonus", points=30, cap_day=30)
    member, points = world.add_member(), []

    for moment in ("2026-11-22T23:59", "2026-11-22T23:59", "2026-11-23T00:00"):
        move_to(world, moment)
        points.append(world.book(world.posted(posted(world, member, 100)))[0].result["points"])

    assert points == [31, 1, 31]
    assert tallied(world) == [30, 30]


def test_a_kiosks_purchase_counts_on_the_day_on_which_it_happened(world: World) -> None:
    put(world, "earning.2", kind="bonus", points=30, weekdays=[6])
    kiosk, member = world.add_kiosk(), world.add_member()
    world.book(world.told(kiosk, world.purchase(member, 100)))
    move_to(world, "2026-11-28T23:59")
    saturday = world.told(kiosk, world.purchase(member, 100))
    move_to(world, "2026-11-29T00:00")
    sunday = world.told(kiosk, world.purchase(member, 100))
    move_to(world, "2026-11-30T09:00")

    outcomes = world.book(saturday, sunday)

    assert [outcome.result["points"] for outcome in outcomes] == [31, 1]


def test_a_kiosks_late_news_fill_the_cap_of_the_day_on_which_they_happened(world: World) -> None:
    put(world, "earning.2", kind="bonus", points=30, cap_day=50)
    kiosk, member = world.add_kiosk(), world.add_member()
    world.book(world.told(kiosk, world.purchase(member, 0)))
    move_to(world, "2026-11-28T12:00")
    late = [world.told(kiosk, world.purchase(member, 100)) for _ in range(2)]
    move_to(world, "2026-11-30T09:00")

    points = [world.book(item)[0].result["points"] for item in late]

    assert points == [31, 21]
    assert tallied(world) == [50]


def test_a_refused_purchase_counts_on_no_tally(world: World) -> None:
    put(world, "earning.2", kind="bonus", points=30, budget=50)
    put(world, "cash", **CASH)
    member = world.add_member()

    outcome = world.book(world.posted(posted(world, member, 1_000, points=10)))[0]

    assert not outcome.is_applied
    assert tallied(world) == []


def test_no_tally_is_made_for_a_rule_that_gave_nothing(world: World) -> None:
    put(world, "earning.2", kind="bonus", points=30, budget=50, tiers=["gold"])

    world.book(world.posted(posted(world, world.add_member(), 100)))

    assert tallied(world) == []


def test_a_lot_has_the_terms_of_its_day(world: World) -> None:
    put(world, "expiry", kind="calendar", months=12, rounding="quarter", pending_days=7)
    put(world, "cash", **CASH)
    member = world.add_member()

    world.book(world.posted(posted(world, member, 1_000)))

    [lot] = lots(world, member)
    assert (lot.source, lot.unit_value) == ("purchase", 100_000)
    assert lot.active_from == datetime(2026, 11, 28, 2, 0, tzinfo=UTC)
    assert lot.expires_at == datetime(2027, 12, 31, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["never", "inactivity"])
def test_a_lot_may_be_good_for_ever(world: World, kind: str) -> None:
    put(world, "expiry", kind=kind)
    member = world.add_member()

    world.book(world.posted(posted(world, member, 1_000)))

    assert [lot.expires_at for lot in lots(world, member)] == [None]


def test_what_a_member_owes_is_taken_from_what_is_earned(world: World) -> None:
    member = world.add_member()
    with world.hub.database.write() as session:
        books = Books()
        books.want(points_account(member))
        ledger.load(session, books)
        books.post(Context(world.new_id(), "test", START), [owe(books, member, 60, {})])
        ledger.write(session, books, START)

    outcomes = [world.book(world.posted(posted(world, member, 4_000)))[0] for _ in range(2)]

    assert [outcome.result["balance"] for outcome in outcomes] == [0, 20]
    assert [outcome.result["points"] for outcome in outcomes] == [40, 40]
    with world.hub.database.read() as session:
        query = select(Transfer.amount).where(Transfer.kind == "debt.recovered").order_by(Transfer.amount)
        assert list(session.execute(query).scalars()) == [20, 40]
    world.assert_books_are_right()
