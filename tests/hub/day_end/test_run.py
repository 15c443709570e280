from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update
from structlog.testing import capture_logs

from hub.day_end.run import DayEnds, DayNotOverError
from hub.intake import Item, Outcome, rejected
from hub.ledger.models import Account
from hub.packages.service import count_account
from hub.points.service import EXPIRED, points_account
from hub.wallet.service import BONUS_FORFEITED, bonus_account, principal_account
from protocol.errors import ErrorCode
from tests.hub.day_end.evening import Evening
from tests.hub.holds.till import Till
from tests.hub.wallet.purse import Purse
from tests.hub.world import START

LATE_YEAR = datetime(2027, 11, 21, 17, tzinfo=UTC)
"""An hour after the end (in Shanghai) of the day on which what was earned at START has expired."""

DAY = date(2027, 11, 21)


def test_points_expire_at_the_end_of_their_last_day_once(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    world.earn(member, 100)
    evening.skip_to(LATE_YEAR - timedelta(days=1))

    evening.end_days()
    before = world.balance(member)
    world.clock.pass_(days=1)
    evening.end_days()
    evening.end_days()

    [expiry] = evening.transfers("points.expired")
    assert (before, world.balance(member)) == (100, 0)
    assert (expiry.amount, expiry.credit, expiry.actor) == (100, EXPIRED, "job:day_end")
    assert expiry.effective_at == datetime(2027, 11, 21, 16, tzinfo=UTC)
    assert expiry.cause == {
        "rule": "expiry",
        "version": 1,
        "day": "2027-11-21",
        "first": "2027-11-21T02:00:00+00:00",
        "last": "2027-11-21T02:00:00+00:00",
    }
    world.assert_books_are_right()


def test_several_lots_of_one_account_expire_in_one_movement_that_names_first_and_last(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    for points in (10, 20, 30):
        world.earn(member, points)
        world.clock.pass_(minutes=1)
    world.clock.pass_(days=30)
    world.earn(member, 7)
    evening.skip_to(LATE_YEAR)

    evening.end_days()

    [expiry] = evening.transfers("points.expired")
    assert expiry.amount == 60
    assert expiry.cause["first"] < expiry.cause["last"]
    assert evening.lots(member) == [0, 0, 0, 7]


def test_gifts_and_counts_expire_and_what_was_paid_in_never_does(evening: Evening) -> None:
    world = evening.world
    purse = Purse(world)
    evening.term("wallet", bonus_months=6)
    evening.term("gift.1", at_least=100, gift=50)
    evening.term("package.wash", items={"wash": 5}, price=10_000, valid_days=30)
    purse.top_up(10_000)
    purse.buy("wash")
    evening.skip_to(LATE_YEAR)

    evening.end_days()

    member = purse.member
    assert evening.balance(principal_account(member)) == 10_000
    assert evening.balance(bonus_account(member)) == 0
    assert evening.balance(count_account(member, "wash")) == 0
    assert [row.credit for row in evening.transfers("bonus.expired")] == [BONUS_FORFEITED]
    assert [row.amount for row in evening.transfers("counts.expired")] == [5]
    world.assert_books_are_right()


def test_more_accounts_than_a_chunk_takes_are_all_looked_at(evening: Evening) -> None:
    world = evening.world
    members = [world.add_member(f"林{number}") for number in range(7)]
    for member in members:
        world.earn(member, 5)
    evening.skip_to(LATE_YEAR - timedelta(days=20))
    evening.end_days(chunk_max=2)
    notices = len(evening.notices())
    world.clock.pass_(days=20)

    evening.end_days(chunk_max=2)

    assert notices == 7
    assert [world.balance(member) for member in members] == [0] * 7
    assert len(evening.transfers("points.expired")) == 7


def test_notice_is_given_once_for_each_account_and_expiry(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    world.earn(member, 100)
    world.earn(member, 11)
    world.clock.pass_(hours=1)
    world.earn(member, 7)
    evening.skip_to(LATE_YEAR - timedelta(days=31))
    evening.end_days()
    early = evening.notices()
    world.clock.pass_(days=1)

    evening.end_days()
    first_told_at = world.clock.now
    world.clock.pass_(days=1)
    evening.end_days()

    assert early == []
    assert [(notice.member, notice.book, notice.amount) for notice in evening.notices()] == [
        (member, "points", 111),
        (member, "points", 7),
    ]
    assert {notice.noticed_at for notice in evening.notices()} == {first_told_at}


def test_days_that_were_missed_are_ended_in_order(evening: Evening) -> None:
    evening.end_days()
    evening.world.clock.pass_(days=3)

    ended = evening.end_days()

    assert ended == [date(2026, 11, 21), date(2026, 11, 22), date(2026, 11, 23)]
    assert all(evening.day(day).step == "done" for day in ended)


def test_a_day_waits_for_its_grace_unless_it_is_ended_by_hand(small_evening: Evening) -> None:
    world = small_evening.world
    small_evening.end_days()
    world.clock.now = datetime(2026, 11, 21, 16, 29, tzinfo=UTC)

    in_time = small_evening.end_days()
    by_hand = DayEnds(world.hub.database, world.hub.book, world.clock).run(date(2026, 11, 21))

    assert in_time == []
    assert by_hand == [date(2026, 11, 21)]


def test_a_day_that_is_not_over_is_not_ended(small_evening: Evening) -> None:
    hub = small_evening.world.hub

    with pytest.raises(DayNotOverError, match="2026-11-21"):
        DayEnds(hub.database, hub.book, small_evening.world.clock).run(date(2026, 11, 21))


def test_a_hub_that_begins_ends_the_last_day_alone(small_evening: Evening) -> None:
    assert small_evening.end_days() == [date(2026, 11, 20)]


def test_programme_accounts_are_rolled_up_by_days_that_are_settled(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    world.earn(member, 100)
    world.clock.pass_(days=1)
    world.earn(member, 5)
    world.clock.pass_(days=3)
    evening.end_days()
    world.earn(member, 1)

    rollups = [(row.account.int, row.unit, row.day, row.debited, row.credited) for row in evening.rollups()]

    first, second = date(2026, 11, 21), date(2026, 11, 22)
    assert rollups == [
        (1, "points", first, 100, 0),
        (3, "qualifying", first, 100, 0),
        (1, "points", second, 5, 0),
        (3, "qualifying", second, 5, 0),
    ]


def test_the_books_are_proved_and_what_was_booked_is_told(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    world.earn(member, 100)
    evening.skip_to(LATE_YEAR)

    evening.end_days()

    figures = evening.day(DAY).figures
    assert (figures["faults"], figures["transfers"], figures["accounts"]) == (0, 3, 2)
    assert figures["booked"] == [{"kind": "points.expired", "unit": "points", "transfers": 1, "amount": 100}]
    assert figures["sums"] == {
        "points": {"members": 0, "programme": 0},
        "qualifying": {"members": 100, "programme": -100},
    }


def test_wrong_books_are_an_error_in_the_log_and_kept_with_the_day(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    world.earn(member, 10)
    with world.hub.database.write() as session:
        session.execute(update(Account).where(Account.id == points_account(member)).values(balance=11))

    with capture_logs() as logged:
        evening.end_days()

    errors = [entry["fault"] for entry in logged if entry["log_level"] == "error"]
    assert any(str(points_account(member)) in fault for fault in errors)
    assert evening.day(date(2026, 11, 20)).figures["faults"] == len(errors)


def test_wrong_rollups_are_found(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    world.earn(member, 10)
    world.clock.pass_(days=2)
    evening.end_days()
    with world.hub.database.write() as session:
        session.execute(update(type(evening.rollups()[0])).values(debited=9))
    world.clock.pass_(days=1)

    with capture_logs() as logged:
        evening.end_days()

    assert [entry["fault"] for entry in logged if "rolled up it is -9" in entry.get("fault", "")]


def test_what_cannot_be_booked_is_told_and_holds_up_nothing(small_evening: Evening) -> None:
    world = small_evening.world
    world.earn(world.add_member(), 10)
    small_evening.skip_to(LATE_YEAR)

    def refuse(items: Sequence[Item]) -> list[Outcome]:
        return [rejected(ErrorCode.REQUEST_FAILED) for _ in items]

    with capture_logs() as logged:
        ended = DayEnds(world.hub.database, refuse, world.clock).run()

    assert ended == [DAY]
    assert [entry["kind"] for entry in logged if entry["event"] == "a day end could not book"] == ["value.expired"]
    assert small_evening.day(DAY).step == "done"


def test_by_hand_the_first_day_is_the_newest_too(small_evening: Evening) -> None:
    world = small_evening.world

    ended = DayEnds(world.hub.database, world.hub.book, world.clock).run(date(1999, 12, 31))

    assert ended == [date(2026, 11, 20)]


def test_a_day_that_was_ended_is_not_ended_again(small_evening: Evening) -> None:
    small_evening.end_days()
    world = small_evening.world

    assert DayEnds(world.hub.database, world.hub.book, world.clock).run(date(2026, 11, 20)) == []


def test_a_hold_whose_time_ran_out_is_freed_before_its_points_expire(evening: Evening) -> None:
    till = Till(evening.world)
    evening.world.earn(till.member, 100)
    evening.world.clock.now = LATE_YEAR - timedelta(hours=20)
    till.placed(60)
    evening.skip_to(LATE_YEAR)

    evening.end_days()

    assert evening.world.balance(till.member) == 0
    assert sum(expiry.amount for expiry in evening.transfers("points.expired")) == 100
    evening.world.assert_books_are_right()


def test_an_empty_day_ends_too(evening: Evening) -> None:
    assert evening.end_days() == [date(2026, 11, 20)]
    assert evening.day(date(2026, 11, 20)).finished_at == START
