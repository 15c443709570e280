"""Two months of a chain whose lines fail: who redeems, who is refused, and what each way of lending costs.

Members visit, mostly at home, earn and redeem; the lines of stores fail about weekly, and once the hub. What the hub
lends is decided by its own rule, `hub.leases.lending_rules.plan_for`, when a member was there and when a line is back.
The figures are assumptions of ours and no field data.
"""

from bisect import bisect_right
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import Enum
from functools import cache
from math import log
from random import Random
from typing import NamedTuple

DAY_H = 24.0
HOUR = timedelta(hours=1)
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
PRICES = (50, 100, 200, 500)
EARNED = 20
BEFORE_H = 60 * DAY_H
"""Before it begins members have been about for so long, and the hub knows where."""


class Way(Enum):
    """How a kiosk redeems without its line."""

    DENY = "deny"
    TRUST = "trust the cache"
    LEND = "leases"
    POOL = "leases, passed on within the store"


@dataclass(frozen=True, slots=True)
class Town:
    """How large the chain is, how people behave, and what fails."""

    stores: int = 50
    kiosks: int = 1
    members: int = 10_000
    days: int = 60
    home_share: float = 0.8
    visits_per_day: float = 1 / 7
    redeeming_share: float = 0.3
    outage_every_h: float = 7 * DAY_H
    outage_median_h: float = 2.0
    hub_outage_h: float = 0.0
    cheaters: int = 0

    @property
    def end_h(self) -> float:
        """When it is over."""
        return BEFORE_H + self.days * DAY_H

    @property
    def hub_down(self) -> tuple[float, float]:
        """When the hub is away, if at all: half-way, from nine in the morning."""
        begun = BEFORE_H + self.days // 2 * DAY_H + 9
        return begun, begun + self.hub_outage_h


class Place(NamedTuple):
    """One kiosk."""

    store: int
    kiosk: int


@cache
def name(place: Place) -> str:
    """What the hub calls a kiosk."""
    return f"{place.store:03d}-{place.kiosk}"


class Visit(NamedTuple):
    """A member at a kiosk; a price of 0 is a purchase that earns."""

    at_h: float
    member: int
    place: Place
    price: int
    is_cheat: bool = False


@dataclass(slots=True)
class Figures:
    """What happened. `affordable` redemptions are those that the member had the points for."""

    offline_affordable: int = 0
    offline_served: int = 0
    online_affordable: int = 0
    online_refused: int = 0
    overdrafts: int = 0
    overdrawn_points: int = 0


@dataclass(frozen=True, slots=True)
class Lines:
    """When the line of each store is down."""

    outages: list[list[tuple[float, float]]]

    @classmethod
    def drawn(cls, town: Town, random: Random) -> "Lines":
        """Draw the outages of every store; the hub's is everybody's."""
        return cls([_merged(_outages(town, random), town) for _ in range(town.stores)])

    def outage(self, store: int, at_h: float) -> tuple[float, float] | None:
        """The outage that a moment lies in."""
        outages = self.outages[store]
        found = bisect_right(outages, (at_h, float("inf"))) - 1
        return outages[found] if found >= 0 and at_h < outages[found][1] else None

    def back_at(self, store: int, at_h: float) -> float:
        """When the line is there: at once, or at the end of the outage."""
        outage = self.outage(store, at_h)
        return at_h if outage is None else outage[1]


def _outages(town: Town, random: Random) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    at_h = 0.0
    while (at_h := at_h + random.expovariate(1 / town.outage_every_h)) < town.end_h:
        lasts_h = random.lognormvariate(log(town.outage_median_h), 1.2)
        found.append((at_h, at_h + lasts_h))
        at_h += lasts_h
    return found


def _merged(outages: list[tuple[float, float]], town: Town) -> list[tuple[float, float]]:
    every = sorted([*outages, town.hub_down] if town.hub_outage_h else outages)
    merged: list[tuple[float, float]] = []
    for begun, ended in every:
        if merged and begun <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], ended))
        else:
            merged.append((begun, ended))
    return merged


def visits(town: Town, homes: list[int], random: Random) -> list[Visit]:
    """Every visit, in order; cheaters then tour the stores with copied cards while the hub is away."""
    found: list[Visit] = []
    for member, home in enumerate(homes):
        at_h = 0.0
        while (at_h := at_h + random.expovariate(town.visits_per_day / DAY_H)) < town.end_h:
            store = home if random.random() < town.home_share else random.randrange(town.stores)
            price = random.choice(PRICES) if random.random() < town.redeeming_share else 0
            found.append(Visit(at_h, member, Place(store, random.randrange(town.kiosks)), price))
    for member in random.sample(range(town.members), town.cheaters):
        for stop in range(10):
            at_h = town.hub_down[0] + 1 + stop * 0.5
            place = Place((homes[member] + stop) % town.stores, 0)
            found += [Visit(at_h, member, place, PRICES[0], is_cheat=True)] * 60
    return sorted(found, key=lambda visit: visit.at_h)


def moment(at_h: float) -> datetime:
    """A moment of the simulation as the hub's rule wants it."""
    return EPOCH + timedelta(hours=at_h)


@dataclass(slots=True)
class Lease:
    """Points at one kiosk; `unheard` are spends that the hub has not heard of, with when it will."""

    place: Place
    number: int
    rest: int
    granted_h: float
    deadline_h: float
    recalled_h: float | None = None
    unheard: list[tuple[float, int]] = field(default_factory=list)

    def rest_at_hub(self, at_h: float) -> int:
        """What the hub believes is left."""
        self.unheard = [(heard_h, points) for heard_h, points in self.unheard if heard_h > at_h]
        return self.rest + sum(points for _heard_h, points in self.unheard)


@dataclass(slots=True)
class Member:
    """A member: points at the hub, points on the way to it, and leases.

    `look_h` is when the hub's rule wants to look again, `planned_h` when it last did. `cached` is what stores remember
    by the beginning of an outage, which they read from `log`.
    """

    home: int
    available: int
    pending: list[tuple[float, int]] = field(default_factory=list)
    leases: list[Lease] = field(default_factory=list)
    seen: dict[Place, datetime] = field(default_factory=dict)
    called_back_h: float | None = None
    look_h: float = 0.0
    planned_h: float = 0.0
    numbers: int = 0
    cached: dict[tuple[int, float], int] = field(default_factory=dict)
    log: list[tuple[float, int]] = field(default_factory=list)

    @property
    def whole(self) -> int:
        """All that the member really has."""
        return self.available + sum(lease.rest for lease in self.leases) + sum(points for _at, points in self.pending)

    def hear(self, at_h: float) -> None:
        """Book what has reached the hub by now."""
        if self.pending:
            self.available += sum(points for heard_h, points in self.pending if heard_h <= at_h)
            self.pending = [(heard_h, points) for heard_h, points in self.pending if heard_h > at_h]
