"""When an event counts: no clock of a kiosk reaches before what is booked already, or beyond when it came."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from hub.fleet.rules import StreamState
from hub.intake import Place
from hub.points.matching import Basket, Rule
from hub.points.rules import EarningRule, ExpiryPolicy, grant_of
from protocol.chain import GENESIS
from protocol.events import PurchaseLine
from protocol.values import ClockTrust
from tests.hub.world import START

SHANGHAI = ZoneInfo("Asia/Shanghai")
LINE = PurchaseLine("latte", "coffee", 1, 2_800)
YEAR_H = 365 * 24

CLOCKS: st.SearchStrategy[ClockTrust] = st.sampled_from(["ntp", "rtc", "none"])
HOURS = st.integers(-2 * YEAR_H, 2 * YEAR_H)


@dataclass(frozen=True)
class Event:
    """An event as it comes: how long after the one before it, and what its kiosk's clock shows then."""

    after_h: int
    ahead_h: int
    clock: ClockTrust


EVENTS = st.lists(st.builds(Event, st.integers(0, YEAR_H), HOURS, CLOCKS), min_size=1, max_size=12)
RULES = st.builds(
    lambda begins, lasts, days, hours: EarningRule(
        starts_at=START + timedelta(hours=begins),
        ends_at=START + timedelta(hours=begins + lasts),
        weekdays=sorted(days),
        from_time="08:00" if hours else None,
        to_time="12:00" if hours else None,
    ),
    HOURS,
    st.integers(1, YEAR_H),
    st.sets(st.integers(1, 7)),
    st.booleans(),
)


@dataclass(frozen=True)
class Judged:
    """One event: up to where the journal was booked before it, when it came, and when it counts."""

    event: Event
    before: datetime
    received_at: datetime
    effective_at: datetime


def judged(events: list[Event]) -> list[Judged]:
    stream = StreamState.first("k", UUID(int=1), state="accepted", now=START)
    received_at, seen = START, []
    for seq, event in enumerate(events, 1):
        received_at += timedelta(hours=event.after_h)
        before = stream.effective_at
        occurred_at = received_at + timedelta(hours=event.ahead_h)
        effective_at = stream.effective(occurred_at, event.clock, received_at)
        stream.advance(Place(stream.epoch, seq, GENESIS, GENESIS), effective_at)
        seen.append(Judged(event, before, received_at, effective_at))
    return seen


def gives(rule: EarningRule, at: datetime) -> bool:
    """Tell whether a rule gives something for a purchase at a moment."""
    basket = Basket(UUID(int=7), "gold", 15_000, "S01", at.astimezone(SHANGHAI), [LINE], [LINE.amount])
    return bool(Rule.of("earning.1", 1, rule).lines_of(basket))


@given(EVENTS)
def test_an_event_counts_between_the_one_ahead_of_it_and_when_it_came(events: list[Event]) -> None:
    seen = judged(events)

    assert all(one.before <= one.effective_at <= one.received_at for one in seen)


@given(EVENTS)
def test_whatever_a_clock_shows_that_is_right_and_believed_counts_as_shown(events: list[Event]) -> None:
    seen = [one for one in judged(events) if one.event.clock != "none"]

    for one in seen:
        shown = one.received_at + timedelta(hours=one.event.ahead_h)
        assert one.effective_at == shown or not one.before <= shown <= one.received_at


@given(EVENTS, RULES)
def test_without_a_clock_a_rule_gives_what_it_gives_when_the_event_comes(
    events: list[Event], rule: EarningRule
) -> None:
    seen = [one for one in judged(events) if one.event.clock == "none"]

    assert all(gives(rule, one.effective_at) == gives(rule, one.received_at) for one in seen)


@given(EVENTS, RULES)
def test_a_clock_that_runs_ahead_reaches_nothing_that_has_not_come(events: list[Event], rule: EarningRule) -> None:
    seen = [one for one in judged(events) if one.event.ahead_h >= 0]

    assert all(gives(rule, one.effective_at) == gives(rule, one.received_at) for one in seen)


@given(EVENTS, RULES)
def test_no_clock_reaches_a_campaign_that_was_over_before_the_event_ahead_or_has_not_begun(
    events: list[Event], rule: EarningRule
) -> None:
    assert rule.starts_at is not None
    assert rule.ends_at is not None
    out_of_reach = [one for one in judged(events) if rule.ends_at <= one.before or one.received_at < rule.starts_at]

    assert not any(gives(rule, one.effective_at) for one in out_of_reach)


@given(EVENTS, HOURS, st.integers(0, 60))
def test_no_clock_makes_points_valid_again_or_sooner(events: list[Event], earned_h: int, pending_days: int) -> None:
    earned_at = (START + timedelta(hours=earned_h)).astimezone(SHANGHAI)
    terms = grant_of("purchase", ExpiryPolicy(months=12, pending_days=pending_days), earned_at, 0)
    assert terms.expires_at is not None

    for one in judged(events):
        is_valid = terms.active_from <= one.effective_at < terms.expires_at
        assert not is_valid or (one.received_at >= terms.active_from and one.before < terms.expires_at)


@given(EVENTS, st.integers(1, 24))
def test_what_is_earned_never_expires_later_than_if_it_were_earned_when_it_came(
    events: list[Event], months: int
) -> None:
    policy = ExpiryPolicy(months=months)

    for one in judged(events):
        ends, latest = (
            grant_of("purchase", policy, at.astimezone(SHANGHAI), 0).expires_at
            for at in (one.effective_at, one.received_at)
        )
        assert ends is not None
        assert latest is not None
        assert ends <= latest


def test_a_hub_whose_own_clock_is_set_back_judges_by_what_it_shows() -> None:
    ahead = datetime(2027, 1, 1, tzinfo=UTC)
    stream = StreamState.first("k", UUID(int=1), state="accepted", now=ahead)

    assert stream.effective(ahead, "ntp", START) == START
