from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest

from hub.alerts import rules
from hub.alerts.rules import AlertPolicy, Burnt, Deed, Finding, Pairing
from tests.hub.world import START

POLICY = AlertPolicy()
CHINA = ZoneInfo("Asia/Shanghai")
MEMBER = UUID(int=9 << 64)


def make_deed(number: int = 0, *, at: datetime = START, **overrides: Any) -> Deed:
    values = {"actor": "staff:a", "action": "staff.login_failed", "subject": "a", "source": "", "after": {}}
    return Deed(UUID(int=number), at, **{**values, **overrides})


def every(step: timedelta, count: int, **overrides: Any) -> list[Deed]:
    return [make_deed(number, at=START + number * step, **overrides) for number in range(count)]


def kinds(found: Iterator[Finding]) -> list[tuple[str, str]]:
    return [(finding.severity, finding.subject) for finding in found]


@pytest.mark.parametrize(
    ("count", "step_s", "found"),
    [
        (9, 1, []),
        (10, 1, [("medium", "person:a")]),
        (10, 400, [("medium", "person:a")]),
        (10, 401, []),
        (30, 300, [("medium", "person:a")]),
    ],
)
def test_failed_log_ins_within_an_hour(count: int, step_s: int, found: list[tuple[str, str]]) -> None:
    deeds = every(timedelta(seconds=step_s), count)

    assert kinds(rules.failed_log_ins(deeds, POLICY)) == found


def test_failed_log_ins_that_end_in_a_success_are_worse() -> None:
    deeds = every(timedelta(seconds=1), 10)
    success = make_deed(99, at=START + timedelta(minutes=1), action="staff.logged_in")

    assert kinds(rules.failed_log_ins([*deeds, success], POLICY)) == [("high", "person:a")]


def test_whoever_is_refused_again_and_again_is_found_once_a_day_for_each_reason() -> None:
    denied, elsewhere = (
        {"code": code, "route": "GET /v1/audit"} for code in ("permission.denied", "store.out_of_scope")
    )
    deeds = [
        *every(timedelta(minutes=1), 3, action=rules.REFUSED, after=denied),
        make_deed(7, action=rules.REFUSED, after=elsewhere),
        make_deed(8, action=rules.REFUSED, after=denied, actor="key:k"),
        make_deed(9),
    ]

    found = list(rules.refused_often(deeds))

    assert [(one.subject, one.evidence["code"], one.evidence["count"]) for one in found] == [
        ("staff:a", "permission.denied", 3),
        ("staff:a", "store.out_of_scope", 1),
        ("key:k", "permission.denied", 1),
    ]
    assert len({one.key for one in found}) == 2
    assert found[0].evidence["routes"] == ["GET /v1/audit"]


def test_one_address_that_tries_many_people_is_found() -> None:
    deeds = [make_deed(number, subject=f"person {number}", source="192.0.2.1") for number in range(10)]

    assert kinds(rules.failed_log_ins(deeds, POLICY)) == [("medium", "address:192.0.2.1")]


def test_a_device_is_new_once_and_the_first_never() -> None:
    devices = ["till", "till", "laptop", "laptop", "till"]
    deeds = [
        make_deed(number, action="staff.logged_in", after={"device": device}) for number, device in enumerate(devices)
    ]

    [found] = rules.new_devices(deeds, set())

    assert found.evidence["entries"] == [str(UUID(int=2))]
    assert list(rules.new_devices(deeds[:2], {("a", "till")})) == []
    assert len(list(rules.new_devices(deeds[:1], {("a", "desk")}))) == 1


@pytest.mark.parametrize(
    ("hour", "count", "actor", "found"),
    [
        (0, 3, "staff:a", [("low", "staff:a")]),
        (4, 3, "staff:a", [("low", "staff:a")]),
        (5, 3, "staff:a", []),
        (23, 3, "staff:a", []),
        (0, 2, "staff:a", []),
        (0, 3, "key:a", []),
    ],
)
def test_night_is_the_chain_s_own(hour: int, count: int, actor: str, found: list[tuple[str, str]]) -> None:
    at = datetime(2026, 11, 21, hour, 30, tzinfo=CHINA)
    deeds = [make_deed(number, at=at, actor=actor) for number in range(count)]

    assert kinds(rules.night_work(deeds, POLICY, CHINA)) == found


def test_rewards_of_which_more_was_promised_than_there_is_are_found_once_a_day() -> None:
    deeds = [
        make_deed(1, action=rules.OVERDRAWN, actor="kiosk:k", subject="cup", after={"spend": "a"}),
        make_deed(2, action=rules.OVERDRAWN, actor="kiosk:l", subject="cup", after={"spend": "b"}),
        make_deed(3, action=rules.OVERDRAWN, actor="kiosk:k", subject="mug", after={"spend": "c"}),
        make_deed(4),
    ]

    found = list(rules.overdrawn_stock(deeds))

    assert [(one.subject, one.evidence["spends"]) for one in found] == [
        ("reward:cup", ["a", "b"]),
        ("reward:mug", ["c"]),
    ]


@pytest.mark.parametrize(("purchases", "of_member", "is_odd"), [(8, 13, True), (8, 14, False), (7, 7, False)])
def test_one_member_at_one_hand(purchases: int, of_member: int, *, is_odd: bool) -> None:
    pair = Pairing("staff:a", MEMBER, "S01", purchases, of_member, START)

    assert bool(list(rules.same_members([pair], POLICY))) is is_odd


def test_somebody_s_own_card_is_found_at_once() -> None:
    pairs = [Pairing(actor, MEMBER, "S01", 1, 5, START) for actor in ("staff:a", "staff:b")]

    found = rules.own_cards(pairs, AlertPolicy(own_members={"staff:a": [MEMBER]}))

    assert kinds(found) == [("high", "staff:a")]


@pytest.mark.parametrize(
    ("points", "found"), [([199], []), ([200], ["medium"]), ([100, 100], ["high"]), ([50, 60], [])]
)
def test_returns_after_burning(points: list[int], found: list[str]) -> None:
    returns = [Burnt(UUID(int=number), MEMBER, "S01", START, some) for number, some in enumerate(points)]

    assert [finding.severity for finding in rules.burnt_returns(returns, POLICY)] == found


@pytest.mark.parametrize(
    ("after", "is_odd"),
    [
        ({"points": 90, "alone_max": 100}, True),
        ({"points": -100, "alone_max": 100}, True),
        ({"points": 89, "alone_max": 100}, False),
        ({"points": 101, "alone_max": 100}, False),
        ({"points": 95, "alone_max": 100, "approved_by": "staff:b"}, False),
        ({"points": 0, "alone_max": 0}, False),
        ({"points": 5}, False),
    ],
)
def test_adjustments_just_under_the_limit(after: dict[str, Any], *, is_odd: bool) -> None:
    deeds = every(timedelta(days=3), 3, action="points.adjusted", subject="m", after=after)

    assert bool(list(rules.near_limits(deeds, POLICY))) is is_odd


def test_adjustments_just_under_the_limit_that_are_far_apart_are_no_pattern() -> None:
    after = {"points": 95, "alone_max": 100}
    deeds = every(timedelta(days=4), 3, action="points.adjusted", subject="m", after=after)

    assert list(rules.near_limits(deeds, POLICY)) == []


@pytest.mark.parametrize(("count", "found"), [(29, []), (30, [("high", "staff:a")])])
def test_many_members_data_opened(count: int, found: list[tuple[str, str]]) -> None:
    deeds = [make_deed(number, action="member.revealed", subject=f"m{number}") for number in range(count)]

    assert kinds(rules.many_look_ups(deeds, POLICY)) == found
