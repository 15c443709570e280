from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.points.rules import BASE, Rate, expiry_of, points_per_line

PER_YUAN = Rate(version=1, points=1, per_minor=100, valid_months=12)


@pytest.mark.parametrize(
    ("multiplier", "amounts", "points"),
    [
        (BASE, [11_800], [118]),
        (BASE, [99], [0]),
        (BASE, [50, 50], [1, 0]),
        (15_000, [11_800], [177]),
        (15_000, [101, 101], [2, 1]),
        (12_000, [0, 1_000], [0, 12]),
    ],
)
def test_points_of_a_purchase(multiplier: int, amounts: list[int], points: list[int]) -> None:
    assert points_per_line(PER_YUAN, multiplier, amounts) == points


def test_ten_yuan_for_a_point() -> None:
    rate = Rate(version=1, points=1, per_minor=1_000, valid_months=12)

    assert points_per_line(rate, BASE, [9_990]) == [9]


@given(st.lists(st.integers(0, 10**7), min_size=1, max_size=20), st.sampled_from([10_000, 12_000, 15_000, 20_000]))
def test_lines_always_add_up_to_the_purchase(amounts: list[int], multiplier: int) -> None:
    whole = points_per_line(PER_YUAN, multiplier, [sum(amounts)])

    lines = points_per_line(PER_YUAN, multiplier, amounts)

    assert sum(lines) == whole[0]
    assert all(share >= 0 for share in lines)


@pytest.mark.parametrize(
    ("earned", "months", "expires"),
    [
        ((2026, 1, 31), 1, (2026, 2, 28)),
        ((2026, 11, 21), 12, (2027, 11, 21)),
        ((2028, 2, 29), 12, (2029, 2, 28)),
        ((2026, 12, 15), 1, (2027, 1, 15)),
    ],
)
def test_points_expire_by_the_calendar(
    earned: tuple[int, int, int], months: int, expires: tuple[int, int, int]
) -> None:
    rate = Rate(version=1, points=1, per_minor=100, valid_months=months)

    assert expiry_of(rate, datetime(*earned, tzinfo=UTC)) == datetime(*expires, tzinfo=UTC)
