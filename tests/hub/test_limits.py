from hypothesis import given
from hypothesis import strategies as st

from hub import limits
from hub.limits import Buckets
from hub.tally import Tally


def test_so_many_may_come_at_once_and_then_one_by_one() -> None:
    buckets = Buckets(60, Tally.of_one())

    at_once = [buckets.take(b"a", 100.0) for _ in range(61)]
    later = buckets.take(b"a", 101.0)

    assert [one.wait_s for one in at_once] == [0] * 60 + [1]
    assert [one.remaining for one in at_once[:3]] == [59, 58, 57]
    assert (at_once[-1].remaining, at_once[-1].reset_s) == (0, 60)
    assert (later.wait_s, later.remaining) == (0, 0)


def test_callers_do_not_take_from_each_other() -> None:
    buckets = Buckets(1, Tally.of_one())

    assert [buckets.take(caller, 0.0).wait_s for caller in (b"a", b"b", b"a")] == [0, 0, 60]


def test_what_is_refused_does_not_count() -> None:
    buckets = Buckets(1, Tally.of_one())
    buckets.take(b"a", 0.0)

    waits = [buckets.take(b"a", now).wait_s for now in (10.0, 20.0, 60.0)]

    assert waits == [50, 40, 0]


@given(st.integers(1, 200), st.lists(st.floats(0, 2.0), max_size=300))
def test_no_minute_sees_more_than_twice_the_limit(per_minute: int, pauses: list[float]) -> None:
    # A full bucket, and what flows in while it is emptied: the bound of this algorithm.
    buckets, now, served = Buckets(per_minute, Tally.of_one()), 0.0, []
    for pause in pauses:
        now += pause
        if not buckets.take(b"a", now).wait_s:
            served.append(now)

    for start in served:
        assert sum(start <= at < start + limits.MINUTE_S for at in served) <= 2 * per_minute


def test_who_waits_as_told_is_served() -> None:
    buckets, now = Buckets(7, Tally.of_one()), 0.0
    for _ in range(100):
        allowance = buckets.take(b"a", now)
        now += allowance.wait_s
        assert not allowance.wait_s or not buckets.take(b"a", now).wait_s


def test_kinds_of_callers_are_counted_apart_in_one_tally() -> None:
    tally = Tally.of_one()
    keys, sources = Buckets(1, tally, b"key "), Buckets(1, tally, b"source ")

    assert [buckets.take(b"a", 0.0).wait_s for buckets in (keys, sources, keys)] == [0, 0, 60]
