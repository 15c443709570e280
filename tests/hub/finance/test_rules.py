from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.finance.rules import (
    Breakage,
    age_bucket,
    allocate,
    breakage,
    catch_up,
    expected_points,
    half_even,
    month_of,
    next_month,
    recognised,
)


@pytest.mark.parametrize(
    ("numerator", "denominator", "expected"),
    [(5, 2, 2), (7, 2, 4), (-5, 2, -2), (-7, 2, -4), (10, 3, 3), (11, 3, 4), (0, 7, 0), (9, 3, 3)],
)
def test_halves_are_rounded_to_the_even_side(numerator: int, denominator: int, expected: int) -> None:
    assert half_even(numerator, denominator) == expected


def test_ifrs_15_example_52_allocates_by_stand_alone_prices() -> None:
    goods, points = allocate(10_000_000, [10_000_000, 950_000])

    assert (goods, points) == (9_132_420, 867_580)


def test_ifrs_15_example_52_recognises_points_as_they_are_redeemed_and_catches_up() -> None:
    deferred = 867_580

    first = catch_up(deferred, 4_500, 9_500, 0)
    second = catch_up(deferred, 8_500, 9_700, first)

    assert (first, second) == (410_959, 349_292)
    assert deferred - first - second == 107_329


@pytest.mark.parametrize(("expected_in_all", "second_year"), [(9_900, 3_552), (9_200, 4_140)])
def test_a_second_worked_example_in_whole_dollars(expected_in_all: int, second_year: int) -> None:
    # 9,000 dollars are allocated to 10,000 points, 9,700 of them are expected at first, and later more or fewer.
    first = catch_up(9_000, 4_500, 9_700, 0)

    assert first == 4_175
    assert catch_up(9_000, 8_500, expected_in_all, first) == second_year


def test_a_price_of_2_000_with_points_worth_170() -> None:
    assert allocate(200_000, [200_000, 17_000]) == [184_332, 15_668]


def test_an_estimate_that_rises_far_takes_revenue_back() -> None:
    assert catch_up(1_000, 50, 200, recognised(1_000, 50, 100)) == -250


def test_all_is_revenue_once_nothing_more_is_expected() -> None:
    assert recognised(867_580, 9_700, 9_700) == 867_580
    assert recognised(867_580, 0, 0) == 867_580


@given(
    st.integers(0, 10**9),
    st.integers(0, 10**6),
    st.lists(st.integers(0, 10**6), max_size=6),
)
def test_catching_up_always_ends_at_what_the_newest_estimate_says(
    deferred: int, expected: int, redeemed: list[int]
) -> None:
    before = 0
    for so_far in sorted(redeemed):
        before += catch_up(deferred, so_far, expected, before)
        assert 0 <= before <= deferred

    assert before == (recognised(deferred, max(redeemed), expected) if redeemed else 0)


@given(st.integers(0, 10**9), st.lists(st.integers(1, 10**9), min_size=1, max_size=8))
def test_an_allocation_adds_up_to_the_price(price: int, standalone: list[int]) -> None:
    shares = allocate(price, standalone)

    assert sum(shares) == price
    assert all(
        abs(share * sum(standalone) - price * alone) < sum(standalone)
        for share, alone in zip(shares, standalone, strict=True)
    )


@pytest.mark.parametrize(
    ("known", "basis_points", "expected"),
    [
        ((5_500, 4_500, 0), 9_500, Breakage(5_000, 500)),
        ((5_500, 4_500, 0), 10_000, Breakage(5_500, 0)),
        ((5_500, 4_500, 0), 0, Breakage(0, 5_500)),
        ((1_000, 8_000, 1_000), 9_500, Breakage(1_000, 0)),
        ((1_000, 9_600, 0), 9_000, Breakage(0, 1_000)),
        ((0, 0, 0), 9_500, Breakage(0, 0)),
    ],
)
def test_breakage_is_what_will_never_be_redeemed_of_all_that_was_granted(
    known: tuple[int, int, int], basis_points: int, expected: Breakage
) -> None:
    assert breakage(*known, basis_points) == expected


def test_expected_points_are_rounded_half_even() -> None:
    assert [expected_points(granted, 5_000) for granted in (1, 3, 5)] == [0, 2, 2]


@pytest.mark.parametrize(
    ("granted_at", "bucket"),
    [
        (datetime(2026, 11, 21, tzinfo=UTC), "0-3"),
        (datetime(2026, 8, 21, 0, 0, 1, tzinfo=UTC), "0-3"),
        (datetime(2026, 8, 21, tzinfo=UTC), "3-6"),
        (datetime(2025, 11, 22, tzinfo=UTC), "6-12"),
        (datetime(2025, 11, 21, tzinfo=UTC), "12-24"),
        (datetime(2020, 2, 29, tzinfo=UTC), "24-"),
    ],
)
def test_age_is_counted_in_whole_months(granted_at: datetime, bucket: str) -> None:
    assert age_bucket(granted_at, datetime(2026, 11, 21, tzinfo=UTC)) == bucket


def test_months_follow_each_other_over_the_year() -> None:
    assert next_month(month_of("2026-11")) == date(2026, 12, 1)
    assert next_month(month_of("2026-12")) == date(2027, 1, 1)
