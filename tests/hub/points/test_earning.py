from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from fractions import Fraction
from math import floor
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.ledger.rules import Books
from hub.points.earning import Earned, earn, explained, lines_in, qualifying_explained
from hub.points.matching import Basket, Rules
from hub.points.rules import BASE, EarningRule
from protocol.events import PurchaseLine

AT = datetime(2026, 11, 21, 21, 30, tzinfo=ZoneInfo("Asia/Shanghai"))
RATE = EarningRule(points=1, per_minor=100)


def make_basket(*amounts: int, quantity: int = 1, **overrides: Any) -> Basket:
    """A line for each amount; coffee and bakery take turns."""
    categories = ("coffee", "bakery")
    lines = [
        PurchaseLine(f"p{place + 1}", categories[place % 2], quantity, amount) for place, amount in enumerate(amounts)
    ]
    fields: dict[str, Any] = {
        "member": UUID(int=7),
        "tier": "classic",
        "multiplier": BASE,
        "store": "S01",
        "at": AT,
        "lines": lines,
        "paid": list(amounts),
    }
    return Basket(**{**fields, **overrides})


def make_rules(*says: EarningRule) -> Rules:
    """Rules by the names earning.1, earning.2 and so on."""
    return Rules.of((f"earning.{number}", 1, rule) for number, rule in enumerate(says, 1))


def earned(basket: Basket, *says: EarningRule, books: Books | None = None) -> Earned:
    return earn(make_rules(*says), basket, (books or Books()).room)


def multiplied(multiplier: int, **says: Any) -> EarningRule:
    return EarningRule("multiplier", multiplier=multiplier, **says)


def bonus(points: int, per: Any = "purchase", **says: Any) -> EarningRule:
    return EarningRule("bonus", points=points, per=per, **says)


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
def test_a_rate_times_the_tier_rounded_once(multiplier: int, amounts: list[int], points: list[int]) -> None:
    found = earned(make_basket(*amounts, multiplier=multiplier), RATE)

    assert found.points == points
    assert sum(found.qualifying) == sum(amounts) // 100


def test_ten_yuan_for_a_point() -> None:
    assert earned(make_basket(9_990), EarningRule(points=1, per_minor=1_000)).points == [9]


def test_nothing_is_earned_without_rules() -> None:
    found = earned(make_basket(100, 200))

    assert (found.points, found.qualifying, found.parts) == ([0, 0], [0, 0], [])


@pytest.mark.parametrize(
    ("rates", "points"),
    [
        ([RATE, EarningRule(points=3, categories=["coffee"], priority=1)], [30, 10]),
        ([RATE, EarningRule(points=3, categories=["coffee"], priority=-1)], [10, 10]),
        ([EarningRule(points=3, categories=["coffee"]), RATE], [30, 10]),
        ([RATE, EarningRule(points=3, categories=["coffee"])], [10, 10]),
        ([EarningRule(points=3, categories=["coffee"])], [30, 0]),
        ([EarningRule(points=1, per_minor=300, categories=["coffee"]), EarningRule(points=1, per_minor=700)], [3, 1]),
    ],
)
def test_each_line_has_the_best_rate_that_matches_it(rates: list[EarningRule], points: list[int]) -> None:
    assert earned(make_basket(1_000, 1_000), *rates).points == points


def test_two_rates_are_rounded_once_together() -> None:
    found = earned(make_basket(50, 350), EarningRule(points=1, categories=["coffee"]), EarningRule(points=1))

    assert found.points == [1, 3]
    assert [(part.rule.name, part.points) for part in found.parts] == [("earning.1", [1, 0]), ("earning.2", [0, 3])]


@pytest.mark.parametrize(
    ("rules", "points"),
    [
        ([multiplied(20_000)], [200, 200]),
        ([multiplied(20_000, categories=["coffee"])], [200, 100]),
        ([multiplied(20_000), multiplied(30_000)], [400, 400]),
        ([multiplied(20_000, group="g"), multiplied(30_000, group="g")], [300, 300]),
        ([multiplied(30_000, group="g", categories=["coffee"]), multiplied(25_000, group="g")], [250, 250]),
        ([multiplied(20_000, group="g"), multiplied(30_000, group="h")], [400, 400]),
        ([multiplied(30_000, group="g", cap_purchase=10), multiplied(20_000, group="g")], [200, 200]),
    ],
)
def test_multipliers_add_their_own_part_and_of_a_group_only_the_best(
    rules: list[EarningRule], points: list[int]
) -> None:
    assert earned(make_basket(10_000, 10_000), RATE, *rules).points == points


def test_a_multiplier_adds_to_the_base_without_the_tier() -> None:
    found = earned(make_basket(10_000, multiplier=15_000, tier="gold"), RATE, multiplied(20_000))

    assert [part.points for part in found.parts] == [[150], [100]]
    assert found.qualifying == [100]


def test_a_multiplier_is_rounded_once_for_the_purchase() -> None:
    found = earned(make_basket(90, 90, 90), RATE, multiplied(15_000))

    assert [sum(part.points) for part in found.parts] == [2, 1]


@pytest.mark.parametrize(
    ("rule", "points"),
    [
        (bonus(10), [3, 7]),
        (bonus(10, "line"), [10, 10]),
        (bonus(10, "unit"), [30, 30]),
        (bonus(10, "unit", categories=["bakery"]), [0, 30]),
        (bonus(10, min_minor=1_001), [0, 0]),
    ],
)
def test_a_bonus_is_fixed(rule: EarningRule, points: list[int]) -> None:
    assert earned(make_basket(300, 700, quantity=3), rule).points == points


def test_bonuses_drive_no_tier() -> None:
    assert earned(make_basket(1_000), RATE, bonus(500), multiplied(50_000)).qualifying == [10]


def test_a_cap_cuts_its_own_part_from_the_last_line_backwards_and_says_so() -> None:
    found = earned(make_basket(1_000, 1_000, 1_000), RATE, multiplied(20_000, cap_purchase=15))

    rate, doubled = found.parts
    assert (rate.points, rate.cut) == ([10, 10, 10], [0, 0, 0])
    assert (doubled.points, doubled.cut) == ([10, 5, 0], [0, 5, 10])
    assert found.points == [20, 15, 10]


def test_a_capped_rate_lowers_neither_the_multipliers_nor_the_tier() -> None:
    capped = EarningRule(points=1, cap_purchase=40)

    found = earned(make_basket(10_000), capped, multiplied(20_000))

    assert [part.points for part in found.parts] == [[40], [100]]
    assert found.qualifying == [100]


def test_the_tightest_of_all_caps_holds() -> None:
    rule = bonus(100, cap_purchase=50, cap_day=40, cap_member=30, budget=20)

    found = earned(make_basket(1_000), rule)

    assert found.points == [20]
    assert [amount for _tally, amount in found.counts()] == [20, 20, 20]


def test_what_a_statement_needs_stands_in_the_cause() -> None:
    basket = make_basket(300, 11_800, tier="gold", multiplier=15_000)

    found = earned(basket, EarningRule(points=1, categories=["bakery"]), bonus(5, "line", cap_purchase=3))

    first = {"rule": "earning.2", "version": 1, "points": 3, "cut": 2}
    second = {"rule": "earning.1", "version": 1, "points": 177, "cut": 0}
    third = {"rule": "earning.2", "version": 1, "points": 0, "cut": 5}
    assert lines_in(explained(found, basket)) == [
        {"line": 1, "amount": 300, "tier": "gold", "multiplier": 15_000, "parts": [first]},
        {"line": 2, "amount": 11_800, "tier": "gold", "multiplier": 15_000, "parts": [second, third]},
    ]
    assert lines_in(qualifying_explained(found, basket)) == [
        {"line": 2, "amount": 11_800, "parts": [{"rule": "earning.1", "version": 1, "points": 118, "cut": 0}]}
    ]


def test_a_cause_of_something_else_explains_no_lines() -> None:
    assert lines_in({"purchase": "a", "lines": [1, 2]}) == []


def test_a_rule_of_a_campaign_names_it_in_the_cause() -> None:
    basket = make_basket(300)

    [line] = lines_in(explained(earned(basket, bonus(5, campaign="autumn")), basket))

    assert line["parts"] == [{"rule": "earning.1", "version": 1, "points": 5, "cut": 0, "campaign": "autumn"}]


LIMITS = st.none() | st.integers(0, 300)
CONDITIONS: dict[str, Any] = {
    "tiers": st.sampled_from([[], ["gold"], ["classic", "gold"]]),
    "products": st.sampled_from([[], ["p1"], ["p2", "p3"]]),
    "categories": st.sampled_from([[], ["coffee"], ["bakery"]]),
    "min_minor": st.sampled_from([0, 5_000]),
}
RATES = st.builds(
    EarningRule,
    kind=st.just("rate"),
    points=st.integers(0, 5),
    per_minor=st.sampled_from([1, 7, 100, 1_000]),
    priority=st.integers(-1, 1),
    **CONDITIONS,
)
MULTIPLIERS = st.builds(
    EarningRule,
    kind=st.just("multiplier"),
    multiplier=st.integers(BASE, 50_000),
    group=st.sampled_from(["", "g"]),
    **CONDITIONS,
)
BONUSES = st.builds(
    EarningRule,
    kind=st.just("bonus"),
    points=st.integers(0, 50),
    per=st.sampled_from(["purchase", "line", "unit"]),
    **CONDITIONS,
)
CAPPED = st.builds(
    lambda rule, caps: EarningRule(**{name: getattr(rule, name) for name in EarningRule.__slots__} | caps),
    RATES | MULTIPLIERS | BONUSES,
    st.fixed_dictionaries(dict.fromkeys(("cap_purchase", "cap_day", "cap_member", "budget"), LIMITS)),
)
UNCAPPED = RATES | MULTIPLIERS | BONUSES
BASKETS = st.builds(
    lambda amounts, tier, member: make_basket(
        *amounts, tier=tier, multiplier={"classic": BASE, "gold": 15_000}[tier], member=UUID(int=member)
    ),
    st.lists(st.integers(0, 20_000), min_size=1, max_size=5),
    st.sampled_from(["classic", "gold"]),
    st.integers(1, 2),
)


@given(st.lists(CAPPED, max_size=6), BASKETS)
def test_lines_are_the_sum_of_their_parts_and_nothing_is_negative(says: list[EarningRule], basket: Basket) -> None:
    found = earned(basket, *says)

    assert found.points == [sum(part.points[place] for part in found.parts) for place in range(len(basket.paid))]
    assert len(found.points) == len(found.qualifying) == len(basket.paid)
    assert all(
        given >= 0 and less >= 0 for part in found.parts for given, less in zip(part.points, part.cut, strict=True)
    )
    told = lines_in(explained(found, basket))
    assert sum(part["points"] for line in told for part in line["parts"]) == sum(found.points)


@given(st.lists(RATES, max_size=4), BASKETS)
def test_the_base_is_the_exact_sum_of_the_lines_rounded_down_once(says: list[EarningRule], basket: Basket) -> None:
    found = earned(basket, *says)

    exact = sum(
        (Fraction(paid * rate.says.points, rate.says.per_minor) for paid, rate in pairs(basket.paid, found) if rate),
        Fraction(0),
    )
    assert sum(found.qualifying) == floor(exact)
    assert sum(found.points) == floor(exact * basket.multiplier / BASE)


def pairs(paid: Sequence[int], found: Earned) -> Sequence[tuple[int, Any]]:
    return list(zip(paid, found.rates, strict=True))


@given(st.lists(CAPPED, max_size=6), BASKETS, st.randoms(use_true_random=False))
def test_the_order_of_rules_does_not_matter(says: list[EarningRule], basket: Basket, random: Any) -> None:
    terms = [(f"earning.{number}", 1, rule) for number, rule in enumerate(says)]
    shuffled = random.sample(terms, len(terms))

    one, other = (explained(earn(Rules.of(order), basket, Books().room), basket) for order in (terms, shuffled))

    assert one == other


@given(st.lists(RATES, max_size=3), st.lists(MULTIPLIERS | BONUSES, max_size=5), BASKETS)
def test_parts_never_compound(rates: list[EarningRule], more: list[EarningRule], basket: Basket) -> None:
    alone = [rule for rule in more if not rule.group]

    together = sum(earned(basket, *rates, *alone).points)

    base = sum(earned(basket, *rates).points)
    assert together == base + sum(sum(earned(basket, *rates, rule).points) - base for rule in alone)


@given(st.lists(RATES, max_size=3), st.lists(MULTIPLIERS, min_size=1, max_size=4), BASKETS)
def test_of_a_group_the_best_for_the_member_counts(
    rates: list[EarningRule], multipliers: list[EarningRule], basket: Basket
) -> None:
    group = [multiplied(rule.multiplier, group="g", categories=rule.categories) for rule in multipliers]

    together = sum(earned(basket, *rates, *group).points)

    assert together == max(sum(earned(basket, *rates, rule).points) for rule in group)


@given(st.lists(CAPPED, min_size=1, max_size=4), st.lists(BASKETS, min_size=1, max_size=6))
def test_no_cap_is_ever_exceeded_over_any_sequence(says: list[EarningRule], baskets: list[Basket]) -> None:
    books, rules = Books(), make_rules(*says)
    to_all, to_one = Counter[str](), Counter[tuple[str, UUID]]()

    for basket in baskets:
        found = earn(rules, basket, books.room)
        for tally, amount in found.counts():
            books.count(tally, amount)
        for part in found.parts:
            points, cap = sum(part.points), part.rule.says.cap_purchase
            assert cap is None or points <= cap
            to_all[part.rule.name] += points
            to_one[part.rule.name, basket.member] += points

    for number, rule in enumerate(says, 1):
        name = f"earning.{number}"
        most = max(to_one[name, basket.member] for basket in baskets)
        assert rule.budget is None or to_all[name] <= rule.budget
        assert all(cap is None or most <= cap for cap in (rule.cap_day, rule.cap_member))


@given(st.integers(0, 5), st.sampled_from([1, 7, 100, 1_000]), BASKETS)
def test_a_rate_that_is_alone_earns_what_it_would_among_others(points: int, per_minor: int, basket: Basket) -> None:
    rules = make_rules(EarningRule(points=points, per_minor=per_minor))

    short, long = (earn(way, basket, Books().room) for way in (rules, replace(rules, alone=None)))

    assert rules.alone is not None
    assert (short.points, short.qualifying) == (long.points, long.qualifying)
    assert explained(short, basket) == explained(long, basket)
    assert qualifying_explained(short, basket) == qualifying_explained(long, basket)


@pytest.mark.parametrize(
    "says",
    [
        [],
        [RATE, RATE],
        [RATE, bonus(5)],
        [bonus(5)],
        [EarningRule(points=1, tiers=["gold"])],
        [EarningRule(points=1, weekdays=[6])],
        [EarningRule(points=1, cap_purchase=5)],
        [EarningRule(points=1, budget=5)],
    ],
)
def test_only_one_rate_without_conditions_and_caps_is_alone(says: list[EarningRule]) -> None:
    assert make_rules(*says).alone is None


@given(st.lists(UNCAPPED, max_size=5), BASKETS)
def test_a_cap_that_is_out_of_reach_changes_nothing(says: list[EarningRule], basket: Basket) -> None:
    far = 10**12
    capped = [
        EarningRule(**{name: getattr(rule, name) for name in EarningRule.__slots__} | {"cap_day": far, "budget": far})
        for rule in says
    ]

    assert earned(basket, *capped).points == earned(basket, *says).points
