from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.points.rules import (
    CashPolicy,
    EarningRule,
    ExpiryPolicy,
    expiry_of,
    grant_of,
    share_out,
    split,
)
from protocol.errors import ErrorCode

SHANGHAI = ZoneInfo("Asia/Shanghai")


@pytest.mark.parametrize(
    ("exact", "divisor", "shares"),
    [
        ([11_800], 100, [118]),
        ([99], 100, [0]),
        ([50, 50], 100, [1, 0]),
        ([151, 152], 100, [1, 2]),
        ([0, 1_000], 100, [0, 10]),
        ([], 1, []),
    ],
)
def test_what_is_left_of_rounding_goes_to_the_largest_remainder(
    exact: list[int], divisor: int, shares: list[int]
) -> None:
    assert share_out(exact, divisor) == shares


@given(st.lists(st.integers(0, 10**12), max_size=20), st.integers(1, 10**8))
def test_shares_add_up_and_none_is_a_whole_one_off(exact: list[int], divisor: int) -> None:
    shares = share_out(exact, divisor)

    assert sum(shares) == sum(exact) // divisor
    assert all(0 <= share - value // divisor <= 1 for share, value in zip(shares, exact, strict=True))


@given(st.integers(0, 10**9), st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any))
def test_a_total_is_split_without_rest_and_never_beyond_a_weight_that_holds_it(total: int, weights: list[int]) -> None:
    shares = split(min(total, sum(weights)), weights)

    assert sum(shares) == min(total, sum(weights))
    assert all(share <= weight for share, weight in zip(shares, weights, strict=True))


@pytest.mark.parametrize(
    ("earned", "months", "expires"),
    [
        ((2026, 1, 31), 1, (2026, 2, 28)),
        ((2026, 11, 21), 12, (2027, 11, 21)),
        ((2028, 2, 29), 12, (2029, 2, 28)),
        ((2026, 12, 15), 1, (2027, 1, 15)),
        ((2026, 12, 15), 120, (2036, 12, 15)),
    ],
)
def test_points_expire_so_many_months_later(
    earned: tuple[int, int, int], months: int, expires: tuple[int, int, int]
) -> None:
    policy = ExpiryPolicy(months=months)

    assert expiry_of(policy, datetime(*earned, tzinfo=UTC)) == datetime(*expires, tzinfo=UTC)


@pytest.mark.parametrize(
    ("earned", "months", "rounding", "expires"),
    [
        ((2026, 1, 31), 1, "month", (2026, 3, 1)),
        ((2026, 11, 30), 1, "month", (2027, 1, 1)),
        ((2026, 3, 31), 3, "quarter", (2026, 7, 1)),
        ((2026, 4, 1), 3, "quarter", (2026, 10, 1)),
        ((2026, 8, 1), 3, "quarter", (2027, 1, 1)),
        ((2026, 1, 1), 12, "year", (2028, 1, 1)),
        ((2026, 12, 31), 12, "year", (2028, 1, 1)),
        ((2026, 12, 31), 1, "year", (2028, 1, 1)),
    ],
)
def test_a_calendar_goes_on_to_the_end_of_its_period(
    earned: tuple[int, int, int], months: int, rounding: Any, expires: tuple[int, int, int]
) -> None:
    policy = ExpiryPolicy("calendar", months=months, rounding=rounding)

    assert expiry_of(policy, datetime(*earned, 13, 45, tzinfo=SHANGHAI)) == datetime(*expires, tzinfo=SHANGHAI)


def test_the_year_ends_where_the_chain_is() -> None:
    earned = datetime(2026, 12, 31, 16, 30, tzinfo=UTC)

    grant = grant_of("purchase", ExpiryPolicy("calendar", months=1), earned.astimezone(SHANGHAI), 0)

    assert grant.expires_at == datetime(2027, 12, 31, 16, 0, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["inactivity", "never"])
def test_some_points_never_expire_by_themselves(kind: Any) -> None:
    assert grant_of("purchase", ExpiryPolicy(kind), datetime(2026, 1, 1, tzinfo=SHANGHAI), 0).expires_at is None


def test_pending_points_can_be_spent_later_and_expire_no_later_for_it() -> None:
    earned = datetime(2026, 11, 21, 10, 0, tzinfo=SHANGHAI)

    grant = grant_of("purchase", ExpiryPolicy(months=1, pending_days=14), earned, 1_000)

    assert (grant.source, grant.unit_value) == ("purchase", 1_000)
    assert grant.active_from == datetime(2026, 12, 5, 10, 0, tzinfo=SHANGHAI)
    assert grant.expires_at == datetime(2026, 12, 21, 10, 0, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    ("kind", "document"),
    [
        (EarningRule, {"from_time": "09:00"}),
        (EarningRule, {"from_time": "09:00", "to_time": "09:00"}),
        (EarningRule, {"from_time": "9:00", "to_time": "24:00"}),
        (EarningRule, {"weekdays": [0]}),
        (EarningRule, {"kind": "multiplier", "multiplier": 9_999}),
        (EarningRule, {"starts_at": "2026-11-21T10:00:00"}),
        (EarningRule, {"starts_at": "2026-11-21T10:00:00Z", "ends_at": "2026-11-21T18:00:00+08:00"}),
        (EarningRule, {"points": -1}),
        (EarningRule, {"budget": -1}),
        (ExpiryPolicy, {"months": 1, "pending_days": 28}),
        (CashPolicy, {"points": 10}),
        (CashPolicy, {"points": 10, "minor": 100, "max_share_bp": 10_001}),
    ],
)
def test_a_document_that_makes_no_sense_is_not_read(kind: type[Any], document: dict[str, Any]) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(document, kind)


TEN_FOR_A_YUAN = CashPolicy(points=10, minor=100, max_share_bp=5_000, min_points=20)


@pytest.mark.parametrize(
    ("policy", "points", "amount", "refusal"),
    [
        (TEN_FOR_A_YUAN, 0, 0, None),
        (TEN_FOR_A_YUAN, 100, 2_000, None),
        (TEN_FOR_A_YUAN, 101, 2_000, (ErrorCode.CASH_OVER_SHARE, {"most": 100})),
        (TEN_FOR_A_YUAN, 19, 2_000, (ErrorCode.CASH_TOO_FEW, {"min": 20})),
        (TEN_FOR_A_YUAN, 20, 399, (ErrorCode.CASH_OVER_SHARE, {"most": 0})),
        (CashPolicy(points=300, minor=200), 7, 1_000, (ErrorCode.CASH_UNEVEN, {"step": 3})),
        (CashPolicy(points=300, minor=200), 9, 1_000, None),
        (CashPolicy(), 0, 1_000, None),
        (CashPolicy(), 1, 1_000, (ErrorCode.CASH_NOT_OFFERED, {})),
    ],
)
def test_which_points_may_pay(policy: CashPolicy, points: int, amount: int, refusal: object) -> None:
    assert policy.refusal(points, amount) == refusal


@given(
    st.builds(
        CashPolicy,
        points=st.integers(1, 1_000),
        minor=st.integers(1, 1_000),
        max_share_bp=st.integers(1, 10_000),
        min_points=st.integers(0, 500),
    ),
    st.integers(0, 100_000),
    st.integers(0, 5_000),
)
def test_the_most_that_can_be_used_is_never_refused_and_one_step_more_always(
    policy: CashPolicy, amount: int, spendable: int
) -> None:
    most = policy.most(amount, spendable)

    assert policy.refusal(most, amount) is None
    assert most <= spendable
    assert policy.value_of(most) * 10_000 <= amount * policy.max_share_bp
    assert policy.value_of(most) * policy.points == most * policy.minor
    more = max(most, policy.min_points - policy.min_points % policy.step) + policy.step
    assert more > spendable or policy.refusal(more, amount) is not None


@pytest.mark.parametrize(("policy", "value"), [(CashPolicy(), 0), (TEN_FOR_A_YUAN, 100_000), (CashPolicy(3, 1), 3_333)])
def test_what_a_lot_is_worth(policy: CashPolicy, value: int) -> None:
    assert policy.value_of(10_000) == value
