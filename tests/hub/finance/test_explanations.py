from typing import Any
from zoneinfo import ZoneInfo

import pytest
from fluent.syntax import FluentParser
from fluent.syntax.ast import Message

from hub.finance.explanations import HUB, PARTS_MAX, Names, Told, amount_of, explain
from hub.finance.money import written

NAMES = Names(
    currency="CNY",
    zone=ZoneInfo("Asia/Shanghai"),
    tiers={"gold": {"zh": "金卡", "en": "gold"}},
    rules={("earning.7", 3): "rate", ("earning.8", 1): "multiplier", ("earning.9", 2): "bonus"},
)


def told(cause: dict[str, Any], **overrides: Any) -> dict[str, str]:
    fields: dict[str, Any] = {"kind": "points.earned", "amount": 12, "unit": "points", "reason": ""} | overrides
    return explain(Told(cause=cause, **fields), NAMES)


def cause_of(*lines: dict[str, Any]) -> dict[str, Any]:
    """The cause that these lines are told by."""
    paid = [0] * max(line["line"] for line in lines)
    parts = []
    for line in lines:
        place = line["line"] - 1
        paid[place] = line["amount"]
        for part in line["parts"]:
            shares = {name: [0] * place + [part[name]] + [0] * (len(paid) - place - 1) for name in ("points", "cut")}
            parts.append(part | shares)
    terms: dict[str, Any] = {name: lines[0][name] for name in ("tier", "multiplier") if name in lines[0]}
    return {"paid": paid, **terms, "parts": parts}


def line(*parts: dict[str, Any], **overrides: Any) -> dict[str, Any]:
    known: dict[str, Any] = {"line": 2, "amount": 11_800, "tier": "gold", "multiplier": 10_000, "parts": list(parts)}
    return known | overrides


def part(rule: str = "earning.7", version: int = 3, points: int = 12, cut: int = 0) -> dict[str, Any]:
    return {"rule": rule, "version": version, "points": points, "cut": cut}


def test_a_purchase_line_says_amount_tier_rule_and_line() -> None:
    sentence = told(cause_of(line(part())))

    assert sentence == {
        "en": "12 points: 118.00 yuan × gold 1.0, rule 7 version 3, line 2",
        "zh": "12 积分：118.00 元 × 金卡 1.0，规则 7 第 3 版，第 2 行",
    }


def test_every_part_says_how_much_it_gave_and_by_which_sort_of_rule() -> None:
    parts = [part(), part("earning.8", 1, 6), part("earning.9", 2, 100, cut=20) | {"campaign": "spring"}]

    sentence = told(cause_of(line(*parts, multiplier=12_500)), amount=118)["en"]

    assert sentence == (
        "118 points: 12 for 118.00 yuan × gold 1.25, rule 7 version 3, line 2; "
        "6 for extra points, rule 8 version 1, line 2; "
        "100 for bonus points, rule 9 version 2, line 2, campaign spring, 20 fewer because of a cap"
    )


def test_a_tier_without_a_name_is_told_by_its_id_and_qualifying_points_have_none() -> None:
    named = told(cause_of(line(part(), tier="jade")))["en"]
    qualifying = told(cause_of({"line": 1, "amount": 500, "parts": [part()]}), unit="qualifying")["en"]

    assert "118.00 yuan × jade 1.0" in named
    assert qualifying == "12 qualifying points: 5.00 yuan, rule 7 version 3, line 1"


def test_a_long_purchase_is_cut_short() -> None:
    lines = [line(part(points=1), line=number) for number in range(1, PARTS_MAX + 4)]

    assert told(cause_of(*lines))["en"].endswith("; and 3 more")


def test_expiry_says_until_when_in_local_time() -> None:
    moment = "2027-11-21T02:00:00+00:00"
    cause = {"rule": "expiry", "version": 4, "day": "2027-11-21", "first": moment, "last": moment}

    assert told(cause, kind="points.expired") == {
        "en": "12 points: expired, valid until 2027-11-21 10:00, rule expiry version 4",
        "zh": "12 积分：过期，有效期至 2027-11-21 10:00，规则 expiry 第 4 版",
    }


def test_silence_is_told() -> None:
    cause = {"rule": "expiry", "version": 4, "day": "2027-11-21", "silent_since": "2026-11-21T16:00:00+00:00"}

    assert "nothing happened on the account after 2026-11-22 00:00" in told(cause, kind="points.expired")["en"]


def test_a_till_receipt_and_a_typed_reason_are_told() -> None:
    sentence = told(
        {"receipt": "T1", "store": "S01"}, kind="stored_value.paid", unit="CNY", amount=1_234_56, reason="a gesture"
    )

    assert sentence["en"] == "1,234.56 yuan: paid, receipt T1, store S01, reason: a gesture"


def test_what_nobody_foresaw_is_told_all_the_same() -> None:
    assert told({"moon": "full", "lines": {"1": 3}}, kind="points.enchanted") == {
        "en": "12 points: points.enchanted",
        "zh": "12 积分：points.enchanted",
    }


@pytest.mark.parametrize(
    ("amount", "unit", "expected"),
    [
        (1_000, "points", "1,000 points"),
        (3, "count.wash", "3 × wash"),
        (250, "USD", "2.50 USD"),
        (250, "JPY", "250 JPY"),
    ],
)
def test_amounts_are_written_in_their_unit(amount: int, unit: str, expected: str) -> None:
    assert amount_of(amount, unit, "en") == expected


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [(0, "CNY", "0.00"), (-5, "CNY", "-0.05"), (123_456_789, "CNY", "1,234,567.89"), (1_234, "KWD", "1.234")],
)
def test_money_has_the_places_of_its_currency(amount: int, currency: str, expected: str) -> None:
    assert written(amount, currency) == expected


def test_both_languages_have_the_same_sentences() -> None:
    known = [
        {
            entry.id.name
            for entry in FluentParser().parse((HUB / "locale" / language / "statement.ftl").read_text("utf-8")).body
            if isinstance(entry, Message)
        }
        for language in ("en", "zh")
    ]

    assert known[0] == known[1]
