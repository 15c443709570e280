from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.packages.rules import COUNTS_MAX, Package, value_left

AT = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)


def make_package(**overrides: object) -> Package:
    return Package(**{"items": {"wash": 8, "wax": 2}, "price": 10_000, **overrides})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("price", "items", "left", "worth"),
    [
        (10_000, {"wash": 8, "wax": 2}, 10, 10_000),
        (10_000, {"wash": 8, "wax": 2}, 3, 3_000),
        (10_000, {"wash": 3}, 3, 10_000),
        (10_000, {"wash": 3}, 1, 3_333),
        (10_000, {"wash": 3}, 2, 6_667),
        (0, {"wash": 3}, 3, 0),
        (1, {"wash": 2}, 1, 1),
    ],
)
def test_the_price_is_shared_over_the_counts(price: int, items: dict[str, int], left: int, worth: int) -> None:
    assert value_left(left, make_package(price=price, items=items).unit_value) == worth


@given(st.integers(0, 10**9), st.integers(1, COUNTS_MAX))
def test_a_package_of_which_nothing_was_used_is_worth_its_price(price: int, count: int) -> None:
    assert value_left(count, make_package(price=price, items={"wash": count}).unit_value) == price


@pytest.mark.parametrize(
    ("overrides", "sold"),
    [
        ({}, True),
        ({"stores": ("S01",)}, True),
        ({"stores": ("S02",)}, False),
        ({"sold_from": AT}, True),
        ({"sold_from": AT + timedelta(seconds=1)}, False),
        ({"sold_until": AT}, False),
        ({"sold_until": AT + timedelta(seconds=1)}, True),
    ],
)
def test_a_package_is_sold_in_some_places_at_some_times(overrides: dict[str, object], *, sold: bool) -> None:
    assert make_package(**overrides).is_sold("S01", AT) is sold


@pytest.mark.parametrize(("days", "expires"), [(None, None), (30, AT + timedelta(days=30))])
def test_counts_expire_after_so_many_days(days: int | None, expires: datetime | None) -> None:
    assert make_package(valid_days=days).expires_at(AT) == expires


@pytest.mark.parametrize("items", [{}, {"wash": COUNTS_MAX, "wax": 1}])
def test_a_package_has_something_in_it_and_not_too_much(items: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="counts in all"):
        make_package(items=items)
