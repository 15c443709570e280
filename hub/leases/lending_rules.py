"""Pure rules of lending ahead: how much of a member's points goes to which kiosks, and what comes back."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Annotated

from msgspec import Meta

from hub.points.rules import Positive
from protocol.limits import PIECES_MAX

PAUSE_S = 15
"""So long nothing is lent of what was just called back, so that whoever wanted it comes first."""

LOOK_AT_LEAST_H = 24
"""Nobody to whom something may be lent is left unlooked at for longer."""

Percent = Annotated[int, Meta(ge=0, le=100)]
Days = Annotated[int, Meta(ge=1, le=366)]


@dataclass(frozen=True, slots=True)
class LendingPolicy:
    """What is lent ahead. Without such a term nothing is: its defaults are for whoever has one.

    At most `share_percent` of what a member has and at most `cap_points`, in equal parts to as many as `kiosks_max`
    kiosks where the member was within `visited_within_days`, and nowhere less than `min_points`. A lease is good for
    `days`. `tiers` empty means every tier. `stock_pieces_max` is how many pieces of a limited reward a kiosk has.
    """

    share_percent: Percent = 100
    cap_points: Positive = 500
    min_points: Positive = 10
    kiosks_max: Annotated[int, Meta(ge=1, le=5)] = 1
    visited_within_days: Days = 60
    days: Days = 14
    tiers: list[str] = field(default_factory=list)
    stock_pieces_max: Annotated[int, Meta(ge=0, le=PIECES_MAX)] = 0

    def allows(self, tier: str) -> bool:
        """Tell whether anything is lent to members of a tier."""
        return self.share_percent > 0 and (not self.tiers or tier in self.tiers)

    def total(self, whole: int) -> int:
        """Most points that may lie at kiosks, of all that a member has."""
        return min(self.cap_points, whole * self.share_percent // 100)


NOTHING = LendingPolicy(share_percent=0)
"""What holds where no such term is in force."""


@dataclass(frozen=True, slots=True)
class Visited:
    """A kiosk where a member was, and when last; `is_ready` says whether it is connected and may be lent to."""

    kiosk: str
    store: str
    at: datetime
    is_ready: bool


@dataclass(frozen=True, slots=True)
class Held:
    """Points that lie at a kiosk under one lease."""

    kiosk: str
    number: int
    rest: int
    granted_at: datetime
    deadline: datetime
    is_recalled: bool


@dataclass(frozen=True, slots=True)
class Holding:
    """A member to whom something may be lent: what it can spend now, where it was, and what lies where already.

    `called_back_at` is when something was last called back from a kiosk.
    """

    tier: str
    home_store: str
    spendable: int
    visits: Sequence[Visited]
    held: Sequence[Held]
    called_back_at: datetime | None = None

    @property
    def whole(self) -> int:
        """All points that the member has, wherever they lie."""
        return self.spendable + sum(held.rest for held in self.held)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be lent, by kiosk, which leases are to be called back, and when to look again."""

    lend: tuple[tuple[str, int], ...]
    recall: tuple[tuple[str, int], ...]
    look_at: datetime


def plan_for(policy: LendingPolicy, holding: Holding, now: datetime) -> Plan:
    """What to do for one member. The same member at the same moment always gives the same plan.

    A lease cannot grow, so one that has become too small or will soon be over is called back, and lent anew once it has
    come back. That is only done where the kiosk is connected; what should not be there any more is always called back.
    """
    aims = _aims(policy, holding, now)
    ready = {visit.kiosk for visit in holding.visits if visit.is_ready}
    recall = []
    for held in sorted(holding.held, key=lambda held: (held.kiosk, held.number)):
        aim = aims.get(held.kiosk, 0)
        is_wrong = _is_too_much(policy, held, aim) or (held.kiosk in ready and _is_outdated(policy, held, aim, now))
        if is_wrong and not held.is_recalled:
            recall.append((held.kiosk, held.number))
    paused_until = _paused_until(holding)
    lend = () if now < paused_until else tuple(_to_lend(policy, holding, aims, ready))
    return Plan(lend, tuple(recall), _look_at(policy, holding, now, paused_until))


@dataclass(frozen=True, slots=True)
class Pieces:
    """Pieces of a reward that lie at a kiosk under one lease."""

    kiosk: str
    number: int
    granted_at: datetime
    deadline: datetime
    is_recalled: bool


def plan_stock(policy: LendingPolicy, remaining: int, ready: Sequence[str], held: Sequence[Pieces]) -> dict[str, int]:
    """How many pieces of a reward go to which kiosk that has none: equal parts, of which the hub keeps one itself."""
    having = {pieces.kiosk for pieces in held}
    lacking = sorted(kiosk for kiosk in ready if kiosk not in having)
    each = min(policy.stock_pieces_max, remaining // (len(lacking) + 1))
    return dict.fromkeys(lacking, each) if each else {}


def stock_to_recall(policy: LendingPolicy, held: Sequence[Pieces], now: datetime) -> list[Pieces]:
    """Leases of pieces that should not be there any more, or whose time is nearly over."""
    last = timedelta(days=policy.days) / 4
    over = [pieces for pieces in held if policy.stock_pieces_max == 0 or pieces.deadline - last <= now]
    return [pieces for pieces in over if not pieces.is_recalled]


def _aims(policy: LendingPolicy, holding: Holding, now: datetime) -> dict[str, int]:
    """How many points should lie at which kiosk: the home store's come first, then where the member was last."""
    since = now - timedelta(days=policy.visited_within_days)
    recent = [visit for visit in holding.visits if visit.at > since]
    ordered = sorted(recent, key=lambda visit: (visit.store != holding.home_store, -visit.at.timestamp(), visit.kiosk))
    total = policy.total(holding.whole) if policy.allows(holding.tier) else 0
    count = min(len(ordered), policy.kiosks_max, total // policy.min_points)
    return {visit.kiosk: total // count for visit in ordered[:count]}


def _is_too_much(policy: LendingPolicy, held: Held, aim: int) -> bool:
    """Nothing should lie there, or less by so much that it is worth calling back."""
    return aim == 0 or held.rest >= aim + policy.min_points


def _is_outdated(policy: LendingPolicy, held: Held, aim: int, now: datetime) -> bool:
    """There should be more by so much that it is worth it, or its time is nearly over.

    A lease that ends sooner than the policy says ends with the first of its points, and a new one would too.
    """
    return aim >= held.rest + policy.min_points or _renewable_at(policy, held) <= now


def _renewable_at(policy: LendingPolicy, held: Held) -> datetime:
    whole = timedelta(days=policy.days)
    return held.deadline if held.deadline < held.granted_at + whole else held.deadline - whole / 4


def _paused_until(holding: Holding) -> datetime:
    called_back_at = holding.called_back_at
    return datetime.min.replace(tzinfo=UTC) if called_back_at is None else called_back_at + timedelta(seconds=PAUSE_S)


def _to_lend(
    policy: LendingPolicy, holding: Holding, aims: dict[str, int], ready: set[str]
) -> Iterable[tuple[str, int]]:
    lying = sum(held.rest for held in holding.held)
    left = min(holding.spendable, policy.total(holding.whole) - lying)
    taken = {held.kiosk for held in holding.held}
    for kiosk, aim in aims.items():
        points = min(aim, left)
        if kiosk in ready and kiosk not in taken and points >= policy.min_points:
            left -= points
            yield kiosk, points


def _look_at(policy: LendingPolicy, holding: Holding, now: datetime, paused_until: datetime) -> datetime:
    """When something may change by itself: the pause ends, a lease is to be renewed, a visit was too long ago."""
    moments = [paused_until, *(_renewable_at(policy, held) for held in holding.held)]
    moments += [visit.at + timedelta(days=policy.visited_within_days) for visit in holding.visits]
    return min([now + timedelta(hours=LOOK_AT_LEAST_H), *(moment for moment in moments if moment > now)])
