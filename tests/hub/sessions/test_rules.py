from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.sessions.rules import PATIENCE_LOGIN, Failures, Patience, needs_second_factor, password_refusal
from hub.staff.permissions import ROLES, Permission, Role
from protocol.errors import ErrorCode

NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.mark.parametrize(
    ("password", "refusal"),
    [
        ("correct horse battery", None),
        ("twelve chars", None),
        ("很长的中文密码也可以用啊啊", None),
        ("x" * 11, ErrorCode.PASSWORD_TOO_SHORT),
        ("abcdef " * 19, ErrorCode.PASSWORD_TOO_LONG),
        ("anna1234567890", ErrorCode.PASSWORD_GUESSABLE),
        ("my name is CHEN!", ErrorCode.PASSWORD_GUESSABLE),
        ("121212121212", ErrorCode.PASSWORD_GUESSABLE),
        ("password12345", ErrorCode.PASSWORD_GUESSABLE),
        ("Qwertyuiop123!", ErrorCode.PASSWORD_GUESSABLE),
        ("li is a short name", None),
    ],
)
def test_a_password_is_judged_by_length_and_by_what_others_know(password: str, refusal: ErrorCode | None) -> None:
    assert password_refusal(password, ("anna", "Li Chen")) == refusal


@pytest.mark.parametrize(
    ("role", "needs"),
    [
        (Role.CASHIER, False),
        *((role, True) for role in Role if role is not Role.CASHIER),
    ],
)
def test_whoever_may_do_more_than_a_counter_does_needs_a_second_factor(role: Role, needs: bool) -> None:  # noqa: FBT001
    assert needs_second_factor(ROLES[role]) is needs


def test_an_admin_may_do_everything() -> None:
    assert ROLES[Role.ADMIN] == set(Permission)


@pytest.mark.parametrize(
    ("count", "wait_s"), [(1, 0), (4, 0), (5, 1), (6, 2), (7, 4), (14, 512), (15, 900), (10_000, 900)]
)
def test_each_failure_doubles_the_wait_up_to_a_longest_one(count: int, wait_s: int) -> None:
    assert Failures(count, NOW).wait_s(PATIENCE_LOGIN, NOW) == wait_s


@given(st.integers(0, 10**6), st.integers(0, 10**6))
def test_nobody_is_locked_out_for_good(count: int, seconds: int) -> None:
    patience = Patience(free=3, longest_s=60)

    wait_s = Failures(count, NOW).wait_s(patience, NOW + timedelta(seconds=seconds))

    assert wait_s == max(0, min(60, patience.wait_s(count)) - seconds)


def test_failures_of_yesterday_count_no_more() -> None:
    patience = Patience(free=0, longest_s=10**6)

    assert Failures(30, NOW).wait_s(patience, NOW + timedelta(hours=23)) > 0
    assert Failures(30, NOW).wait_s(patience, NOW + timedelta(hours=24)) == 0
