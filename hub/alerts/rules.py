"""Pure rules of odd behaviour: each looks at what was done and says what a person should look at.

A finding is a reason to ask, never a judgement. Its `key` tells it from others of its kind, so that it is found once.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Meta

Count = Annotated[int, Meta(gt=0)]
Hour = Annotated[int, Meta(ge=0, le=24)]
Percent = Annotated[int, Meta(gt=0, le=100)]

LOGGED_IN, LOG_IN_FAILED, ADJUSTED = "staff.logged_in", "staff.login_failed", "points.adjusted"
REFUSED = "access.refused"
"""One caller was refused the same again and again within a minute; `after` has the code and the route."""

OVERDRAWN = "stock.overdrawn"
"""A kiosk promised a piece of a limited reward that nobody had; `subject` is the reward."""

LOOK_UPS = frozenset({"member.revealed"})
LOG_INS = frozenset({LOGGED_IN, LOG_IN_FAILED})
EVIDENCE_MAX_IDS = 20
"""Most ids that one finding names; how many there are is counted besides."""


@dataclass(frozen=True, slots=True)
class AlertPolicy:
    """Thresholds of the rules. `own_members` names, for an actor, the members that are that person's own."""

    failed_log_ins: Count = 10
    failed_within_min: Count = 60
    night_from_hour: Hour = 0
    night_to_hour: Hour = 5
    night_acts: Count = 3
    same_member_purchases: Count = 8
    same_member_percent: Percent = 60
    same_member_days: Count = 30
    burnt_points: Count = 200
    near_limit_percent: Percent = 90
    near_limit_acts: Count = 3
    near_limit_acts_in_all: Count = 10
    near_limit_days: Count = 7
    look_ups: Count = 30
    look_ups_within_min: Count = 60
    far_apart_min: Count = 10
    replayed_taps: Count = 5
    own_members: dict[str, list[UUID]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Deed:
    """One entry of the audit log, as the rules see it."""

    id: UUID
    at: datetime
    actor: str
    action: str
    subject: str
    source: str
    after: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Pairing:
    """How often one actor recorded purchases of one member, of all purchases that the member made."""

    actor: str
    member: UUID
    store: str
    purchases: int
    of_member: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class Burnt:
    """Goods that came back after the points for them were spent: so many could not be taken back."""

    id: UUID
    member: UUID
    store: str
    at: datetime
    points: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd. `evidence` holds ids, counts and moments."""

    kind: str
    severity: str
    subject: str
    key: str
    evidence: Mapping[str, Any]
    store: str = ""


def failed_log_ins(deeds: Iterable[Deed], policy: AlertPolicy) -> Iterator[Finding]:
    """Many failures of one person or from one address within a while; high where a success follows at once."""
    wanted = [deed for deed in deeds if deed.action in LOG_INS]
    within = timedelta(minutes=policy.failed_within_min)
    for name, of in (("person", _by_subject(wanted)), ("address", _by_source(wanted))):
        for subject, some in of.items():
            failed = [deed for deed in some if deed.action == LOG_IN_FAILED]
            crowd = _crowded(failed, policy.failed_log_ins, within)
            if crowd:
                end = crowd[-1].at
                followed = any(deed.action == LOGGED_IN and end <= deed.at <= end + within for deed in some)
                severity, told = "high" if followed else "medium", _told(crowd) | {name: subject, "got_in": followed}
                yield Finding("log_in.failed_often", severity, f"{name}:{subject}", _day(end), told)


def new_devices(deeds: Iterable[Deed], known: Collection[tuple[str, str]]) -> Iterator[Finding]:
    """A log-in from a device that the person did not use before; the very first log-in is none.

    `known` names the devices of earlier log-ins, each with its person.
    """
    devices, seen = set(known), {person for person, _device in known}
    for deed in deeds:
        device = str(deed.after.get("device", ""))
        if deed.action != LOGGED_IN:
            continue
        if deed.subject in seen and (deed.subject, device) not in devices:
            told = _told([deed]) | {"address": deed.source}
            yield Finding("log_in.new_device", "low", f"person:{deed.subject}", str(deed.id), told)
        seen.add(deed.subject)
        devices.add((deed.subject, device))


def night_work(deeds: Iterable[Deed], policy: AlertPolicy, zone: ZoneInfo) -> Iterator[Finding]:
    """A person who does sensitive things while the chain sleeps."""
    nights: dict[tuple[str, date], list[Deed]] = defaultdict(list)
    for deed in deeds:
        local = deed.at.astimezone(zone)
        if deed.actor.startswith("staff:") and policy.night_from_hour <= local.hour < policy.night_to_hour:
            nights[deed.actor, local.date()].append(deed)
    for (actor, night), done in nights.items():
        if len(done) >= policy.night_acts:
            yield Finding("work.at_night", "low", actor, night.isoformat(), _told(done))


def own_cards(pairings: Iterable[Pairing], policy: AlertPolicy) -> Iterator[Finding]:
    """Somebody records purchases of a member that is known to be that person."""
    for pair in pairings:
        if pair.member in policy.own_members.get(pair.actor, ()):
            yield Finding("earning.own_card", "high", pair.actor, _pair_key(pair), _pair_told(pair), pair.store)


def same_members(pairings: Iterable[Pairing], policy: AlertPolicy) -> Iterator[Finding]:
    """One member earns often, and nearly always at the same person's hand: goods that others bought, perhaps."""
    for pair in pairings:
        often = pair.purchases >= policy.same_member_purchases
        if often and pair.purchases * 100 >= pair.of_member * policy.same_member_percent:
            yield Finding("earning.same_member", "medium", pair.actor, _pair_key(pair), _pair_told(pair), pair.store)


def burnt_returns(returns: Iterable[Burnt], policy: AlertPolicy) -> Iterator[Finding]:
    """Goods come back after the points for them were spent; high where it is not the member's first time."""
    of_member: dict[UUID, list[Burnt]] = defaultdict(list)
    for one in returns:
        of_member[one.member].append(one)
    for member, some in of_member.items():
        points = sum(one.points for one in some)
        if points >= policy.burnt_points:
            told = {"returns": [str(one.id) for one in some[:EVIDENCE_MAX_IDS]], "points": points, "count": len(some)}
            severity, last = "high" if len(some) > 1 else "medium", some[-1]
            yield Finding("return.after_burning", severity, f"member:{member}", str(last.id), told, last.store)


def near_limits(deeds: Iterable[Deed], policy: AlertPolicy) -> Iterator[Finding]:
    """Somebody keeps giving just so many points that nobody else is asked: to one member, or very often."""
    done: dict[tuple[str, str], list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.action == ADJUSTED and _is_near(deed.after, policy.near_limit_percent):
            done[deed.actor, deed.subject].append(deed)
            done[deed.actor, ""].append(deed)
    for (actor, member), some in done.items():
        count = policy.near_limit_acts if member else policy.near_limit_acts_in_all
        crowd = _crowded(some, count, timedelta(days=policy.near_limit_days))
        if crowd:
            told = _told(crowd) | ({"member": member} if member else {})
            yield Finding("adjustment.near_limit", "medium", actor, f"{member} {_day(crowd[-1].at)}", told)


def many_look_ups(deeds: Iterable[Deed], policy: AlertPolicy) -> Iterator[Finding]:
    """Somebody opens the personal data of many members within a while."""
    of_actor: dict[str, list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.action in LOOK_UPS:
            of_actor[deed.actor].append(deed)
    for actor, done in of_actor.items():
        crowd = _crowded(done, policy.look_ups, timedelta(minutes=policy.look_ups_within_min))
        if crowd:
            told = _told(crowd) | {"members": len({deed.subject for deed in crowd})}
            yield Finding("data.opened_often", "high", actor, _day(crowd[-1].at), told)


def refused_often(deeds: Iterable[Deed]) -> Iterator[Finding]:
    """Somebody tries again and again what is not theirs: they look for a way, or a program is set up wrong."""
    of_day: dict[tuple[str, str, str], list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.action == REFUSED:
            of_day[deed.actor, str(deed.after.get("code", "")), _day(deed.at)].append(deed)
    for (actor, code, day), some in of_day.items():
        told = _told(some) | {"code": code, "routes": sorted({str(deed.after.get("route", "")) for deed in some})}
        yield Finding("access.refused_often", "medium", actor, f"{code} {day}", told)


def overdrawn_stock(deeds: Iterable[Deed]) -> Iterator[Finding]:
    """More pieces of a reward were promised than there are: somebody has to get more, or to speak to members."""
    of_day: dict[tuple[str, str], list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.action == OVERDRAWN:
            of_day[deed.subject, _day(deed.at)].append(deed)
    for (reward, day), some in of_day.items():
        told = _told(some) | {"spends": [str(deed.after.get("spend", "")) for deed in some[:EVIDENCE_MAX_IDS]]}
        yield Finding("reward.overdrawn", "medium", f"reward:{reward}", day, told)


def _is_near(after: Mapping[str, Any], percent: int) -> bool:
    limit, points = after.get("alone_max", 0), abs(after.get("points", 0))
    return not after.get("approved_by") and limit > 0 and limit * percent <= points * 100 <= limit * 100


def _crowded(deeds: Sequence[Deed], count: int, within: timedelta) -> list[Deed]:
    """The first so many deeds, in the order of time, that lie within so long; none where they never do."""
    ordered = sorted(deeds, key=lambda deed: deed.at)
    for first in range(len(ordered) - count + 1):
        some = ordered[first : first + count]
        if some[-1].at - some[0].at <= within:
            return some
    return []


def _by_subject(deeds: Iterable[Deed]) -> dict[str, list[Deed]]:
    found: dict[str, list[Deed]] = defaultdict(list)
    for deed in deeds:
        found[deed.subject].append(deed)
    return found


def _by_source(deeds: Iterable[Deed]) -> dict[str, list[Deed]]:
    found: dict[str, list[Deed]] = defaultdict(list)
    for deed in deeds:
        if deed.source:
            found[deed.source].append(deed)
    return found


def _told(deeds: Sequence[Deed]) -> dict[str, Any]:
    return {
        "entries": [str(deed.id) for deed in deeds[:EVIDENCE_MAX_IDS]],
        "count": len(deeds),
        "from": deeds[0].at.isoformat(),
        "to": deeds[-1].at.isoformat(),
    }


def _pair_told(pair: Pairing) -> dict[str, Any]:
    return {"member": str(pair.member), "purchases": pair.purchases, "of": pair.of_member}


def _pair_key(pair: Pairing) -> str:
    return f"{pair.member} {pair.last_at:%Y-%m}"


def _day(at: datetime) -> str:
    return at.date().isoformat()
