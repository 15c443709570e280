from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.leases.lending_rules import (
    NOTHING,
    PAUSE_S,
    Held,
    Holding,
    LendingPolicy,
    Pieces,
    Visited,
    plan_for,
    plan_stock,
    stock_to_recall,
)

NOW = datetime(2026, 11, 21, 2, 0, tzinfo=UTC)
POLICY = LendingPolicy(share_percent=50, cap_points=500, min_points=50, kiosks_max=2, visited_within_days=60, days=8)


def visited(kiosk: str = "a", store: str = "S01", days_ago: float = 1, *, is_ready: bool = True) -> Visited:
    return Visited(kiosk, store, NOW - timedelta(days=days_ago), is_ready)


def held(rest: int, kiosk: str = "a", number: int = 1, **overrides: Any) -> Held:
    granted_at = NOW - timedelta(days=overrides.pop("days_ago", 1))
    deadline = overrides.pop("deadline", granted_at + timedelta(days=POLICY.days))
    return Held(kiosk, number, rest, granted_at, deadline, overrides.pop("is_recalled", False))


def holding(spendable: int = 1_000, **overrides: Any) -> Holding:
    fields: dict[str, Any] = {"tier": "classic", "home_store": "S01", "visits": [visited()], "held": []}
    return Holding(spendable=spendable, **(fields | overrides))


def lent(of: Holding, policy: LendingPolicy = POLICY) -> dict[str, int]:
    return dict(plan_for(policy, of, NOW).lend)


def called(of: Holding, policy: LendingPolicy = POLICY) -> list[tuple[str, int]]:
    return list(plan_for(policy, of, NOW).recall)


@pytest.mark.parametrize(
    ("spendable", "points"),
    [(0, None), (99, None), (100, 50), (101, 50), (640, 320), (1_000, 500), (90_000, 500)],
)
def test_a_share_is_lent_up_to_the_cap_and_nothing_where_it_is_too_little(spendable: int, points: int | None) -> None:
    assert lent(holding(spendable)) == ({} if points is None else {"a": points})


def test_nothing_is_lent_without_a_policy() -> None:
    assert lent(holding(), NOTHING) == {}


@pytest.mark.parametrize(("tiers", "is_lent"), [([], True), (["classic", "gold"], True), (["gold"], False)])
def test_only_members_of_the_chosen_tiers_are_lent_to(tiers: list[str], is_lent: bool) -> None:  # noqa: FBT001
    assert bool(lent(holding(), replace(POLICY, tiers=tiers))) is is_lent


@pytest.mark.parametrize(
    ("visits", "kiosks"),
    [
        ([], []),
        ([visited(days_ago=61)], []),
        ([visited(days_ago=59)], ["a"]),
        ([visited("a", "S02", 1), visited("b", "S01", 30)], ["b", "a"]),
        ([visited("a", "S02", 3), visited("b", "S03", 1), visited("c", "S02", 2)], ["b", "c"]),
        ([visited("b", "S02", 1), visited("a", "S02", 1)], ["a", "b"]),
        ([visited("a", "S01", 1, is_ready=False), visited("b", "S02", 1)], ["b"]),
    ],
)
def test_points_go_where_the_member_was_the_home_store_first(visits: list[Visited], kiosks: list[str]) -> None:
    assert list(lent(holding(visits=visits))) == kiosks


def test_kiosks_get_equal_parts_of_one_total() -> None:
    assert lent(holding(600, visits=[visited("a"), visited("b")])) == {"a": 150, "b": 150}


def test_fewer_kiosks_are_lent_to_where_parts_would_be_too_small() -> None:
    assert lent(holding(150, visits=[visited("a"), visited("b", "S02")])) == {"a": 75}


@pytest.mark.parametrize(
    "one",
    [
        held(500, kiosk="z"),
        held(500, number=7),
    ],
)
def test_what_should_not_lie_there_is_called_back(one: Held) -> None:
    policy = POLICY if one.kiosk == "z" else replace(POLICY, cap_points=400)

    assert called(holding(500, held=[one]), policy) == [(one.kiosk, one.number)]


def test_a_small_difference_is_not_worth_a_recall() -> None:
    assert called(holding(500, held=[held(500)]), replace(POLICY, cap_points=451)) == []
    assert called(holding(600, held=[held(460)])) == []


def test_what_grew_too_small_is_called_back_and_lent_anew() -> None:
    assert called(holding(900, held=[held(100)])) == [("a", 1)]
    assert lent(holding(900, held=[held(100)])) == {}


def test_a_kiosk_that_is_away_keeps_what_is_too_little_or_old() -> None:
    away = [visited(is_ready=False)]

    assert called(holding(900, held=[held(100)], visits=away)) == []
    assert called(holding(900, held=[held(450, days_ago=7)], visits=away)) == []


@pytest.mark.parametrize(("days_ago", "is_called"), [(5, False), (6, True), (9, True)])
def test_a_lease_is_renewed_in_the_last_quarter_of_its_time(days_ago: float, is_called: bool) -> None:  # noqa: FBT001
    assert bool(called(holding(500, held=[held(500, days_ago=days_ago)]))) is is_called


def test_a_lease_that_ends_with_its_points_is_not_renewed_before() -> None:
    soon, over = NOW + timedelta(hours=1), NOW - timedelta(hours=1)

    assert called(holding(500, held=[held(500, deadline=soon)])) == []
    assert called(holding(500, held=[held(500, deadline=over)])) == [("a", 1)]


def test_nothing_is_called_back_twice_and_nothing_lent_before_it_is_back() -> None:
    one = held(100, is_recalled=True)

    assert called(holding(900, held=[one])) == []
    assert lent(holding(900, held=[one])) == {}


@pytest.mark.parametrize(("seconds", "is_lent"), [(PAUSE_S - 1, False), (PAUSE_S, True)])
def test_whoever_wanted_it_comes_first(seconds: int, is_lent: bool) -> None:  # noqa: FBT001
    one = holding(called_back_at=NOW - timedelta(seconds=seconds))

    assert bool(lent(one)) is is_lent


@pytest.mark.parametrize(
    ("one", "look_at"),
    [
        (holding(), NOW + timedelta(hours=24)),
        (holding(called_back_at=NOW), NOW + timedelta(seconds=PAUSE_S)),
        (holding(held=[held(500, days_ago=5.5)]), NOW + timedelta(hours=12)),
        (holding(visits=[visited(days_ago=59.75)]), NOW + timedelta(hours=6)),
    ],
)
def test_it_is_looked_at_again_when_something_changes_by_itself(one: Holding, look_at: datetime) -> None:
    assert plan_for(POLICY, one, NOW).look_at == look_at


kiosks = st.sampled_from("abcdef")
visits_of = st.lists(
    st.builds(
        Visited,
        kiosk=kiosks,
        store=st.sampled_from(["S01", "S02", "S03"]),
        at=st.integers(0, 90).map(lambda days: NOW - timedelta(days=days)),
        is_ready=st.booleans(),
    ),
    max_size=6,
    unique_by=lambda visit: visit.kiosk,
)
leases_of = st.lists(
    st.builds(
        Held,
        kiosk=kiosks,
        number=st.integers(1, 9),
        rest=st.integers(0, 2_000),
        granted_at=st.integers(0, 30).map(lambda days: NOW - timedelta(days=days)),
        deadline=st.integers(-5, 30).map(lambda days: NOW + timedelta(days=days)),
        is_recalled=st.booleans(),
    ),
    max_size=4,
    unique_by=lambda one: (one.kiosk, one.number),
)
holdings_of = st.builds(
    Holding,
    tier=st.sampled_from(["classic", "gold"]),
    home_store=st.sampled_from(["S01", "S02"]),
    spendable=st.integers(0, 5_000),
    visits=visits_of,
    held=leases_of,
    called_back_at=st.none() | st.integers(0, 60).map(lambda ago: NOW - timedelta(seconds=ago)),
)
policies = st.builds(
    LendingPolicy,
    share_percent=st.integers(0, 100),
    cap_points=st.integers(1, 3_000),
    min_points=st.integers(1, 300),
    kiosks_max=st.integers(1, 5),
    visited_within_days=st.integers(1, 90),
    days=st.integers(1, 30),
    tiers=st.sampled_from([[], ["gold"]]),
)


@given(policies, holdings_of)
def test_never_more_than_share_cap_and_balance_and_always_the_same(policy: LendingPolicy, one: Holding) -> None:
    plan = plan_for(policy, one, NOW)

    new = sum(points for _kiosk, points in plan.lend)
    lying = sum(lease.rest for lease in one.held)
    assert 0 <= new <= one.spendable
    if new:
        assert (new + lying) * 100 <= one.whole * policy.share_percent
        assert new + lying <= policy.cap_points
        assert all(points >= policy.min_points for _kiosk, points in plan.lend)
        assert len(plan.lend) <= policy.kiosks_max
    assert {kiosk for kiosk, _points in plan.lend} <= {visit.kiosk for visit in one.visits if visit.is_ready}
    assert plan.look_at > NOW
    shuffled = replace(one, visits=list(reversed(one.visits)), held=list(reversed(one.held)))
    assert plan_for(policy, shuffled, NOW) == plan


@pytest.mark.parametrize(
    ("remaining", "ready", "lying", "plan"),
    [
        (10, ["a", "b"], [], {"a": 3, "b": 3}),
        (100, ["a", "b"], [], {"a": 5, "b": 5}),
        (2, ["a", "b"], [], {}),
        (10, ["a", "b"], ["a"], {"b": 5}),
        (10, ["a"], ["a", "c"], {}),
        (0, ["a"], [], {}),
    ],
)
def test_pieces_go_in_equal_parts_and_the_hub_keeps_one(
    remaining: int, ready: list[str], lying: list[str], plan: dict[str, int]
) -> None:
    there = [Pieces(kiosk, 1, NOW, NOW + timedelta(days=8), is_recalled=False) for kiosk in lying]

    assert plan_stock(replace(POLICY, stock_pieces_max=5), remaining, ready, there) == plan


def test_pieces_are_called_back_in_time_and_where_none_should_lie_at_all() -> None:
    fresh = Pieces("a", 1, NOW, NOW + timedelta(days=8), is_recalled=False)
    old = Pieces("b", 2, NOW, NOW + timedelta(days=2), is_recalled=False)
    lending = replace(POLICY, stock_pieces_max=5)

    assert stock_to_recall(lending, [fresh, old, replace(old, is_recalled=True)], NOW) == [old]
    assert stock_to_recall(POLICY, [fresh, old], NOW) == [fresh, old]
