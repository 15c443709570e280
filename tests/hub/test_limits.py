import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub import limits
from hub.limits import Buckets


def test_so_many_may_come_at_once_and_then_one_by_one() -> None:
    buckets = Buckets(60)

    at_once = [buckets.take("a", 100.0) for _ in range(61)]
    later = buckets.take("a", 101.0)

    assert [one.wait_s for one in at_once] == [0] * 60 + [1]
    assert [one.remaining for one in at_once[:3]] == [59, 58, 57]
    assert (at_once[-1].remaining, at_once[-1].reset_s) == (0, 60)
    assert (later.wait_s, later.remaining) == (0, 0)


def test_callers_do_not_take_from_each_other() -> None:
    buckets = Buckets(1)

    assert [buckets.take(caller, 0.0).wait_s for caller in ("a", "b", "a")] == [0, 0, 60]


def test_what_is_refused_does_not_count() -> None:
    buckets = Buckets(1)
    buckets.take("a", 0.0)

    waits = [buckets.take("a", now).wait_s for now in (10.0, 20.0, 60.0)]

    assert waits == [50, 40, 0]


@given(st.integers(1, 200), st.lists(st.floats(0, 2.0), max_size=300))
def test_no_minute_sees_more_than_twice_the_limit(per_minute: int, pauses: list[float]) -> None:
    # A full bucket, and what flows in while it is emptied: the bound of this algorithm.
    buckets, now, served = Buckets(per_minute), 0.0, []
    for pause in pauses:
        now += pause
        if not buckets.take("a", now).wait_s:
            served.append(now)

    for start in served:
        assert sum(start <= at < start + limits.MINUTE_S for at in served) <= 2 * per_minute


def test_who_waits_as_told_is_served() -> None:
    buckets, now = Buckets(7), 0.0
    for _ in range(100):
        allowance = buckets.take("a", now)
        now += allowance.wait_s
        assert not allowance.wait_s or not buckets.take("a", now).wait_s


@pytest.mark.parametrize("callers", [limits.CALLERS_MAX + 1])
def test_the_table_of_callers_is_bounded(callers: int) -> None:
    buckets = Buckets(1)
    for caller in range(callers):
        buckets.take(caller, 0.0)

    assert len(buckets._full_at) <= limits.CALLERS_MAX
    assert buckets.take(callers - 1, 0.0).wait_s
