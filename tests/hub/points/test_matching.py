from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from hub.points.matching import Basket, Rule, Rules
from hub.points.rules import EarningRule
from protocol.events import PurchaseLine

SHANGHAI = ZoneInfo("Asia/Shanghai")
MEMBER = UUID(int=7)
LINES = [
    PurchaseLine("latte", "coffee", 1, 2_800),
    PurchaseLine("bagel", "bakery", 2, 3_000),
    PurchaseLine("beans", "coffee", 1, 0),
]


def make_basket(**overrides: Any) -> Basket:
    fields: dict[str, Any] = {
        "member": MEMBER,
        "tier": "gold",
        "multiplier": 15_000,
        "store": "S01",
        "at": datetime(2026, 11, 21, 21, 30, tzinfo=SHANGHAI),
        "lines": LINES,
        "paid": [line.amount for line in LINES],
    }
    return Basket(**{**fields, **overrides})


def make_rule(**says: Any) -> Rule:
    return Rule.of("earning.1", 1, EarningRule(**says))


@pytest.mark.parametrize(
    ("says", "places"),
    [
        ({}, [0, 1]),
        ({"tiers": ["gold", "silver"]}, [0, 1]),
        ({"tiers": ["silver"]}, []),
        ({"stores": ["S01"]}, [0, 1]),
        ({"stores": ["S02"]}, []),
        ({"categories": ["coffee"]}, [0]),
        ({"products": ["bagel", "beans"]}, [1]),
        ({"products": ["bagel"], "categories": ["coffee"]}, []),
        ({"min_minor": 5_800}, [0, 1]),
        ({"min_minor": 5_801}, []),
        ({"categories": ["coffee"], "min_minor": 2_801}, []),
        ({"starts_at": datetime(2026, 11, 21, 13, 30, tzinfo=UTC)}, [0, 1]),
        ({"starts_at": datetime(2026, 11, 21, 13, 31, tzinfo=UTC)}, []),
        ({"ends_at": datetime(2026, 11, 21, 13, 31, tzinfo=UTC)}, [0, 1]),
        ({"ends_at": datetime(2026, 11, 21, 13, 30, tzinfo=UTC)}, []),
        ({"campaign": "autumn"}, [0, 1]),
    ],
)
def test_a_rule_matches_the_lines_that_satisfy_all_its_conditions(says: dict[str, Any], places: list[int]) -> None:
    assert make_rule(**says).lines_of(make_basket()) == places


@pytest.mark.parametrize(
    ("at", "weekdays", "span", "matches"),
    [
        ((2026, 11, 21, 9, 0), [6], None, True),
        ((2026, 11, 21, 9, 0), [7], None, False),
        ((2026, 11, 21, 9, 0), [], ("09:00", "18:00"), True),
        ((2026, 11, 21, 8, 59), [], ("09:00", "18:00"), False),
        ((2026, 11, 21, 17, 59), [], ("09:00", "18:00"), True),
        ((2026, 11, 21, 18, 0), [], ("09:00", "18:00"), False),
        ((2026, 11, 20, 22, 0), [5], ("22:00", "02:00"), True),
        ((2026, 11, 21, 1, 59), [5], ("22:00", "02:00"), True),
        ((2026, 11, 21, 2, 0), [5, 6], ("22:00", "02:00"), False),
        ((2026, 11, 21, 22, 0), [5], ("22:00", "02:00"), False),
        ((2026, 11, 20, 1, 0), [5], ("22:00", "02:00"), False),
        ((2026, 11, 23, 1, 0), [7], ("22:00", "02:00"), True),
        ((2026, 11, 20, 21, 59), [], ("22:00", "02:00"), False),
    ],
)
def test_hours_may_pass_midnight_and_belong_to_the_day_on_which_they_began(
    *, at: tuple[int, int, int, int, int], weekdays: list[int], span: tuple[str, str] | None, matches: bool
) -> None:
    from_time, to_time = span or (None, None)
    rule = make_rule(weekdays=weekdays, from_time=from_time, to_time=to_time)

    places = rule.lines_of(make_basket(at=datetime(*at, tzinfo=SHANGHAI)))

    assert bool(places) is matches


@pytest.mark.parametrize("says", [{}, {"stores": ["S01"]}])
def test_a_line_that_was_not_paid_in_money_is_matched_by_no_rule(says: dict[str, Any]) -> None:
    assert make_rule(**says).lines_of(make_basket(paid=[0, 3_000, 0])) == [1]


def test_rates_are_tried_by_priority_and_then_by_name() -> None:
    terms = [
        ("earning.c", 1, EarningRule()),
        ("earning.a", 1, EarningRule()),
        ("earning.b", 1, EarningRule(priority=1)),
    ]

    assert [rule.name for rule in Rules.of(terms).rates] == ["earning.b", "earning.a", "earning.c"]


def tallies(says: dict[str, Any], name: str = "earning.1", **overrides: Any) -> list[UUID]:
    return list(Rules.of([(name, 1, EarningRule(**says))]).tallies(make_basket(**overrides)))


def test_a_rule_without_caps_counts_on_no_tally() -> None:
    assert tallies({"cap_purchase": 5}) == []


def test_a_day_is_the_chains_day() -> None:
    evening, night, late = (
        tallies({"cap_day": 5}, at=datetime(2026, 11, 21, hour, tzinfo=UTC).astimezone(SHANGHAI))
        for hour in (15, 16, 23)
    )

    assert evening != night == late


@pytest.mark.parametrize(
    ("says", "is_shared"), [({"cap_day": 5}, False), ({"cap_member": 5}, False), ({"budget": 5}, True)]
)
def test_only_a_budget_is_shared_by_members(says: dict[str, Any], *, is_shared: bool) -> None:
    assert (tallies(says) == tallies(says, member=UUID(int=8))) is is_shared


def test_no_two_rules_and_no_two_caps_share_a_tally() -> None:
    says = {"cap_day": 5, "cap_member": 5, "budget": 5}

    found = tallies(says) + tallies(says, "earning.2") + tallies(says, "earning.1.2026-11-21")

    assert len(set(found)) == len(found) == 9


def test_a_tally_is_wanted_before_the_tier_is_known_but_not_where_the_rule_cannot_match() -> None:
    assert tallies({"budget": 5, "tiers": ["diamond"]}, tier="") != []
    assert tallies({"budget": 5, "stores": ["S02"]}) == []
