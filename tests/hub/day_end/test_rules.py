from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.day_end.rules import (
    DAY,
    DayEndPolicy,
    Lapse,
    day_of,
    due_days,
    end_of,
    last_over,
    months_before,
    notice_until,
    silent_since,
)

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
ZONES = [SHANGHAI, NEW_YORK, *map(ZoneInfo, ("America/Sao_Paulo", "Atlantic/Azores", "Pacific/Apia", "Africa/Cairo"))]


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        (date(2026, 11, 21), "Asia/Shanghai", "2026-11-21T16:00+00:00"),
        (date(2026, 3, 8), "America/New_York", "2026-03-09T04:00+00:00"),
        (date(2026, 11, 1), "America/New_York", "2026-11-02T05:00+00:00"),
        # Midnight is skipped: the day ends when clocks jump.
        (date(2018, 11, 3), "America/Sao_Paulo", "2018-11-04T03:00+00:00"),
        # Midnight comes twice: the first one ends the day.
        (date(2026, 10, 24), "Atlantic/Azores", "2026-10-25T00:00+00:00"),
        # A whole day is skipped: it ends where it began.
        (date(2011, 12, 29), "Pacific/Apia", "2011-12-30T10:00+00:00"),
        (date(2011, 12, 30), "Pacific/Apia", "2011-12-30T10:00+00:00"),
        (date(2028, 2, 28), "UTC", "2028-02-29T00:00+00:00"),
    ],
)
def test_a_local_day_ends_at_the_first_moment_of_the_next(day: date, zone: str, end: str) -> None:
    assert end_of(day, ZoneInfo(zone)) == datetime.fromisoformat(end)


@given(st.dates(date(1990, 1, 1), date(2037, 1, 1)), st.sampled_from(ZONES))
def test_days_end_one_after_the_other_and_every_moment_lies_in_one(day: date, zone: ZoneInfo) -> None:
    begin, end = end_of(day - DAY, zone), end_of(day, zone)

    assert begin <= end
    if begin < end:
        assert day_of(begin, zone) == day_of(end - timedelta(microseconds=1), zone) == day


def test_a_day_is_over_only_after_its_grace() -> None:
    grace, end = timedelta(minutes=30), end_of(date(2026, 11, 21), SHANGHAI)

    assert last_over(end + grace - timedelta(seconds=1), grace, SHANGHAI) == date(2026, 11, 20)
    assert last_over(end + grace, grace, SHANGHAI) == date(2026, 11, 21)


def test_missed_days_are_due_in_order_and_the_very_first_day_alone() -> None:
    newest = date(2028, 3, 1)

    assert list(due_days(date(2028, 2, 27), newest)) == [date(2028, 2, 28), date(2028, 2, 29), newest]
    assert list(due_days(None, newest)) == [newest]
    assert list(due_days(newest, newest)) == []
    assert list(due_days(newest + DAY, newest)) == []


@pytest.mark.parametrize(
    ("day", "months", "earlier"),
    [
        (date(2028, 2, 29), 12, date(2027, 2, 28)),
        (date(2027, 2, 28), 12, date(2026, 2, 28)),
        (date(2028, 2, 29), 48, date(2024, 2, 29)),
        (date(2026, 5, 31), 3, date(2026, 2, 28)),
        (date(2026, 1, 15), 1, date(2025, 12, 15)),
        (date(2026, 12, 1), 12, date(2025, 12, 1)),
    ],
)
def test_months_back_keep_the_day_or_take_the_months_last(day: date, months: int, earlier: date) -> None:
    assert months_before(day, months) == earlier


def test_silence_is_counted_from_midnight_to_midnight() -> None:
    assert silent_since(date(2026, 11, 20), 12, SHANGHAI) == datetime(2025, 11, 20, 16, tzinfo=UTC)
    # The day after is 29 February, which the year before does not have.
    assert silent_since(date(2028, 2, 28), 12, NEW_YORK) == datetime(2027, 2, 28, 5, tzinfo=UTC)


def test_notice_reaches_so_many_days_beyond_the_day() -> None:
    assert notice_until(date(2026, 11, 21), 30, SHANGHAI) == end_of(date(2026, 12, 21), SHANGHAI)
    assert notice_until(date(2026, 11, 21), 0, SHANGHAI) == end_of(date(2026, 11, 21), SHANGHAI)


def test_a_loss_by_silence_is_contradicted_by_what_happened_in_that_time_alone() -> None:
    since, at = datetime(2025, 11, 20, 16, tzinfo=UTC), datetime(2026, 11, 20, 16, tzinfo=UTC)
    lapse, instant = Lapse(since, at), timedelta(microseconds=1)

    assert not lapse.is_contradicted([since, at + instant])
    assert lapse.is_contradicted([since + instant])
    assert lapse.is_contradicted([at])


def test_the_grace_is_half_an_hour_unless_somebody_says_otherwise() -> None:
    assert DayEndPolicy().grace == timedelta(minutes=30)
