from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.believed import AGREES_S, PACE_S, STALE_MAX, Believed, Reading

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
FLOOR = NOW - timedelta(hours=3)
YEAR, MINUTE = timedelta(days=365), timedelta(minutes=1)
NO_BATTERY = datetime(1970, 1, 1, 0, 1, tzinfo=UTC)


def reading(wall: datetime = NOW, monotonic: float = 0.0, *, disciplined: bool = False) -> Reading:
    return Reading(wall, monotonic, disciplined)


@pytest.mark.parametrize(
    ("wall", "disciplined", "trust", "shown"),
    [
        (NOW, False, "rtc", NOW),
        (NOW, True, "ntp", NOW),
        (NOW - YEAR, False, "none", FLOOR),
        (NOW - YEAR, True, "none", FLOOR),
        (NO_BATTERY, False, "none", FLOOR),
        (FLOOR - timedelta(seconds=PACE_S), False, "rtc", FLOOR),
        (FLOOR - timedelta(seconds=PACE_S + 1), False, "none", FLOOR),
        (NOW + YEAR, False, "rtc", NOW + YEAR),
    ],
    ids=["right", "kept right", "a year behind", "set back", "no battery", "a little off", "behind", "a year ahead"],
)
def test_a_start_is_judged_by_what_the_journal_knows(
    wall: datetime, *, disciplined: bool, trust: str, shown: datetime
) -> None:
    believed = Believed.begin(reading(wall, disciplined=disciplined), FLOOR)

    assert believed.trust == trust
    assert believed.look(reading(wall, disciplined=disciplined), FLOOR) == shown


@pytest.mark.parametrize("jump", [YEAR, -YEAR, 2 * MINUTE, -2 * MINUTE])
def test_a_clock_that_jumps_is_not_believed_and_time_goes_on_from_before(jump: timedelta) -> None:
    believed = Believed.begin(reading(), FLOOR)

    shown = believed.look(reading(NOW + jump + MINUTE, 60.0), FLOOR)

    assert (believed.trust, shown) == ("none", NOW + MINUTE)
    assert believed.look(reading(NOW + jump + 2 * MINUTE, 120.0), FLOOR) == NOW + 2 * MINUTE
    assert believed.trust == "none"


def test_a_jump_by_what_keeps_the_clock_right_is_believed() -> None:
    believed = Believed.begin(reading(NOW - timedelta(hours=1)), FLOOR)

    shown = believed.look(reading(NOW, 1.0, disciplined=True), FLOOR)

    assert (believed.trust, shown) == ("ntp", NOW)


def test_a_clock_that_nothing_keeps_right_any_more_is_believed_as_long_as_it_keeps_pace() -> None:
    believed = Believed.begin(reading(disciplined=True), FLOOR)

    believed.look(reading(NOW + MINUTE, 60.0), FLOOR)
    kept = believed.trust
    believed.look(reading(NOW + YEAR, 61.0), FLOOR)

    assert (kept, believed.trust) == ("rtc", "none")


def test_the_hub_restores_trust_in_a_clock_that_agrees_with_it() -> None:
    believed = Believed.begin(reading(NO_BATTERY), FLOOR)
    right = reading(NOW + MINUTE, 60.0)
    believed.look(right, FLOOR)

    believed.hear(NOW, right)

    assert believed.look(right, FLOOR) == NOW + MINUTE
    assert believed.trust == "rtc"


def test_the_hub_takes_trust_from_a_clock_that_is_further_ahead_than_a_message_may_be_late() -> None:
    believed = Believed.begin(reading(NOW + YEAR), FLOOR)

    believed.hear(NOW, reading(NOW + YEAR, 1.0))

    assert believed.look(reading(NOW + YEAR, 61.0), FLOOR) == NOW + MINUTE
    assert believed.trust == "none"


def test_a_word_of_the_hub_that_comes_late_says_nothing_against_a_clock() -> None:
    believed = Believed.begin(reading(), FLOOR)

    believed.hear(NOW - STALE_MAX, reading())

    assert believed.look(reading(), FLOOR) == NOW
    assert believed.trust == "rtc"


def test_a_journal_written_by_a_clock_that_ran_ahead_is_put_right_by_the_hub_for_good() -> None:
    floor = NOW + YEAR
    believed = Believed.begin(reading(), floor)

    believed.hear(NOW - timedelta(seconds=AGREES_S), reading())

    assert believed.look(reading(NOW + MINUTE, 60.0), floor) == NOW + MINUTE
    assert believed.trust == "rtc"


STEPS = st.lists(st.tuples(st.integers(-(10**9), 10**9), st.integers(0, 10**6), st.booleans()), min_size=1, max_size=12)


@given(STEPS)
def test_no_clock_shows_a_time_before_what_the_journal_knows(steps: list[tuple[int, int, bool]]) -> None:
    believed, monotonic = Believed.begin(reading(), FLOOR), 0.0

    for offset_s, passed_s, disciplined in steps:
        monotonic += passed_s
        wall = NOW + timedelta(seconds=offset_s)

        assert believed.look(reading(wall, monotonic, disciplined=disciplined), FLOOR) >= FLOOR


@given(STEPS)
def test_without_anything_that_keeps_it_right_a_clock_that_is_believed_never_parts_from_what_only_grows(
    steps: list[tuple[int, int, bool]],
) -> None:
    believed, monotonic = Believed.begin(reading(), FLOOR), 0.0

    for offset_s, passed_s, _disciplined in steps:
        monotonic += passed_s
        shown = believed.look(reading(NOW + timedelta(seconds=offset_s), monotonic), FLOOR)

        assert abs((shown - NOW).total_seconds() - monotonic) <= PACE_S


def test_a_clock_that_creeps_away_in_small_steps_is_found_out() -> None:
    believed = Believed.begin(reading(), FLOOR)

    for second in range(1, 5):
        believed.look(reading(NOW + timedelta(seconds=second * 30), float(second)), FLOOR)

    assert believed.trust == "none"
