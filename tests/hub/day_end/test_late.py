"""What comes to light after its day was ended, and points that are lost by silence."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from hub.day_end.run import DayEnds
from hub.intake import Item, Outcome
from tests.hub.day_end.evening import Evening
from tests.hub.world import START, TestKiosk

YEAR_LATER = datetime(2027, 11, 21, 17, tzinfo=UTC)
"""An hour after a day (in Shanghai) at whose end nothing has happened for twelve months since START."""


@pytest.fixture
def quiet(evening: Evening) -> Evening:
    """Points are lost after twelve months of silence."""
    evening.term("expiry", kind="inactivity", months=12)
    return evening


def kiosk_of(evening: Evening, member: UUID) -> TestKiosk:
    """A kiosk that has brought an event before, so that its clock is known, and is out of reach from now on."""
    kiosk = evening.world.add_kiosk()
    evening.world.book(evening.world.told(kiosk, evening.world.purchase(member, 100)))
    return kiosk


def test_silence_takes_all_points_and_a_movement_within_the_time_keeps_them(quiet: Evening) -> None:
    world = quiet.world
    silent, active = world.add_member(), world.add_member("陈思远")
    world.earn(silent, 100)
    world.earn(active, 100)
    world.clock.pass_(days=1)
    world.earn(active, 1)
    quiet.skip_to(YEAR_LATER)

    quiet.end_days()

    assert (world.balance(silent), world.balance(active)) == (0, 101)
    [lapse] = quiet.transfers("points.expired")
    assert lapse.cause == {
        "rule": "expiry",
        "version": 2,
        "day": "2027-11-21",
        "silent_since": "2026-11-21T16:00:00+00:00",
    }
    world.assert_books_are_right()


def test_silence_is_looked_for_in_every_chunk(quiet: Evening) -> None:
    world = quiet.world
    members = [world.add_member(f"林{number}") for number in range(5)]
    for member in members:
        world.earn(member, 5)
    quiet.skip_to(YEAR_LATER)

    quiet.end_days(chunk_max=2)

    assert [world.balance(member) for member in members] == [0] * 5


def test_what_was_earned_after_a_missed_day_is_not_lost_with_it(quiet: Evening) -> None:
    world, member = quiet.world, quiet.world.add_member()
    world.earn(member, 100)
    quiet.skip_to(YEAR_LATER)
    world.clock.pass_(days=1)
    world.earn(member, 7)

    quiet.end_days()

    assert quiet.lots(member) == [0, 7]


def test_a_movement_that_comes_between_looking_and_booking_is_heeded(quiet: Evening) -> None:
    world, member = quiet.world, quiet.world.add_member()
    kiosk = kiosk_of(quiet, member)
    world.earn(member, 99)
    quiet.skip_to(YEAR_LATER)
    late = world.told(kiosk, world.purchase(member, 500), occurred_at=YEAR_LATER - timedelta(days=20))
    waiting = [late]

    def book_after_the_kiosk(items: Sequence[Item]) -> list[Outcome]:
        if waiting:
            world.book(waiting.pop())
        return world.book(*items)

    DayEnds(world.hub.database, book_after_the_kiosk, world.clock).run()

    assert world.balance(member) == 105
    assert quiet.transfers("points.expired") == []


def test_a_late_event_gives_back_what_silence_had_taken(quiet: Evening) -> None:
    world, member = quiet.world, quiet.world.add_member()
    kiosk = kiosk_of(quiet, member)
    world.earn(member, 99)
    quiet.skip_to(YEAR_LATER)
    quiet.end_days()
    lost = world.balance(member)
    world.clock.pass_(hours=1)
    world.book(world.told(kiosk, world.purchase(member, 500), occurred_at=YEAR_LATER - timedelta(days=20)))
    noted = quiet.late()

    quiet.end_days()

    [lapse] = quiet.transfers("points.expired")
    [back] = quiet.transfers("points.expiry_reversed")
    assert (lost, world.balance(member)) == (0, 105)
    assert noted == {member: date(2027, 11, 2)}
    assert (back.amount, back.reverses, back.effective_at) == (100, lapse.id, world.clock.now)
    assert sorted(quiet.lots(member)) == [1, 5, 99]
    assert quiet.late() == {}
    world.assert_books_are_right()


def test_a_late_event_from_before_the_silence_changes_nothing(quiet: Evening) -> None:
    world, member = quiet.world, quiet.world.add_member()
    kiosk = kiosk_of(quiet, member)
    world.earn(member, 99)
    quiet.skip_to(YEAR_LATER)
    quiet.end_days()
    world.book(world.told(kiosk, world.purchase(member, 500), occurred_at=START + timedelta(hours=1)))

    quiet.end_days()

    assert quiet.transfers("points.expiry_reversed") == []
    assert quiet.late() == {}


def test_points_that_came_back_can_be_lost_again(quiet: Evening) -> None:
    world, member = quiet.world, quiet.world.add_member()
    kiosk = kiosk_of(quiet, member)
    quiet.skip_to(YEAR_LATER)
    quiet.end_days()
    world.book(world.told(kiosk, world.purchase(member, 500), occurred_at=YEAR_LATER - timedelta(days=20)))
    quiet.end_days()
    back = world.balance(member)
    world.clock.pass_(days=350)

    DayEnds(world.hub.database, world.hub.book, world.clock).run(date(2027, 11, 25))
    kept = world.balance(member)
    quiet.skip_to(world.clock.now)
    quiet.end_days()

    assert (back, kept, world.balance(member)) == (6, 6, 0)
    assert len(quiet.transfers("points.expired")) == 2


def test_what_was_already_too_old_when_it_came_expires_soon_after(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    kiosk = kiosk_of(evening, member)
    evening.skip_to(YEAR_LATER)
    evening.end_days()
    world.clock.pass_(minutes=10)
    world.book(world.told(kiosk, world.purchase(member, 500), occurred_at=START + timedelta(hours=1)))
    noted = evening.late()

    evening.end_days()

    assert noted == {member: date(2026, 11, 21)}
    assert world.balance(member) == 0
    assert [row.amount for row in evening.transfers("points.expired")] == [1, 5]
    assert evening.transfers("points.expired")[1].effective_at == world.clock.now
    assert evening.late() == {}


def test_what_happens_now_makes_nobody_late(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    kiosk = kiosk_of(evening, member)
    evening.end_days()
    world.clock.pass_(minutes=10)

    world.earn(member, 10)
    world.book(world.told(kiosk, world.purchase(member, 500)))

    assert evening.late() == {}


def test_the_earliest_day_counts(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    first, second = kiosk_of(evening, member), kiosk_of(evening, member)
    world.clock.pass_(days=5)
    evening.end_days()
    for kiosk, days in ((first, 3), (second, 4), (first, 2)):
        occurred_at = world.clock.now - timedelta(days=days)
        world.book(world.told(kiosk, world.purchase(member, 500), occurred_at=occurred_at))

    assert evening.late() == {member: date(2026, 11, 22)}


def test_who_moves_while_being_looked_at_is_looked_at_again(evening: Evening) -> None:
    world, member = evening.world, evening.world.add_member()
    kiosk = kiosk_of(evening, member)
    evening.skip_to(YEAR_LATER)
    evening.end_days()
    old = [
        world.told(kiosk, world.purchase(member, 500), occurred_at=START + timedelta(hours=hours)) for hours in (1, 2)
    ]
    world.book(old[0])
    waiting = [old[1]]

    def book_after_the_kiosk(items: Sequence[Item]) -> list[Outcome]:
        outcomes = world.book(*items)
        if waiting:
            world.book(waiting.pop())
        return outcomes

    DayEnds(world.hub.database, book_after_the_kiosk, world.clock).run()
    evening.end_days()

    assert world.balance(member) == 0
    assert evening.late() == {}
