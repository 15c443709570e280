from datetime import UTC, datetime, timedelta

from kiosk.believed import NEVER
from kiosk.clock import SystemClock, system_random, wall_time


def test_the_time_is_in_utc_to_the_millisecond() -> None:
    before = datetime.now(UTC) - timedelta(milliseconds=1)

    now = SystemClock(lambda: NEVER).now()

    assert before <= now <= datetime.now(UTC)
    assert now.tzinfo is UTC
    assert now.microsecond % 1000 == 0


def test_what_waiting_is_measured_by_never_goes_back() -> None:
    clock = SystemClock(lambda: NEVER)

    readings = [clock.monotonic() for _ in range(100)]

    assert readings == sorted(readings)


def test_the_clock_is_believed_as_far_as_the_kernel_does() -> None:
    assert SystemClock(lambda: NEVER).trust() in ("ntp", "rtc")


def test_randomness_comes_in_the_size_that_is_asked_for_and_never_twice() -> None:
    assert len(system_random(10)) == 10
    assert system_random(16) != system_random(16)


def test_a_clock_behind_what_the_journal_knows_shows_that_and_is_not_believed() -> None:
    later = wall_time() + timedelta(days=365)

    clock = SystemClock(lambda: later)

    assert clock.trust() == "none"
    assert clock.now() >= later - timedelta(milliseconds=1)


def test_the_hub_makes_up_for_a_journal_that_was_written_by_a_wrong_clock() -> None:
    later = wall_time() + timedelta(days=365)
    clock = SystemClock(lambda: later)

    clock.hear(wall_time())

    assert clock.trust() in ("ntp", "rtc")
    assert clock.now() < later
