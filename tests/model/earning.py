"""How a child works out what a purchase earns: exactly, as fractions, and rounded only where the rules say so."""

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from protocol.events import PurchaseRecorded
from tests.model.chain import Call, Chain, Member
from tests.model.points import SCALE, shared, shared_like

RULE: dict[str, Any] = {
    "kind": "rate",
    "points": 0,
    "per_minor": 100,
    "priority": 0,
    "multiplier": SCALE,
    "group": "",
    "per": "purchase",
    "tiers": [],
    "products": [],
    "categories": [],
    "stores": [],
    "weekdays": [],
    "min_minor": 0,
    "cap_purchase": None,
    "cap_day": None,
    "cap_member": None,
    "budget": None,
}

Named = tuple[str, dict[str, Any]]
"""A rule by its name."""


@dataclass(slots=True)
class Basket:
    """A purchase while it is worked out: what was paid in money for each line, and what rules have to count."""

    chain: Chain
    call: Call
    body: PurchaseRecorded
    member: Member
    paid: list[int]
    counted: list[tuple[tuple[Any, ...], int]] = field(default_factory=list)

    def rules(self, kind: str) -> list[Named]:
        """Rules of a kind in force, by name."""
        names = sorted(name for name in self.chain.terms if name.startswith("earning."))
        found = [(name, RULE | self.chain.terms[name]) for name in names]
        return [(name, rule) for name, rule in found if rule["kind"] == kind]

    def matched(self, rule: dict[str, Any]) -> list[int]:
        """Places of the lines that a rule holds for."""
        weekday = self.call.at.astimezone(self.chain.zone).isoweekday()
        for wanted, given in (("tiers", self.member.tier), ("stores", self.call.store), ("weekdays", weekday)):
            if rule[wanted] and given not in rule[wanted]:
                return []
        places = [
            place
            for place, line in enumerate(self.body.lines)
            if self.paid[place]
            and (not rule["products"] or line.product in rule["products"])
            and (not rule["categories"] or line.category in rule["categories"])
        ]
        return places if sum(self.paid[place] for place in places) >= rule["min_minor"] else []

    def capped(self, named: Named, points: list[int]) -> list[int]:
        """What a rule's caps leave of its points: the last line loses first."""
        rooms = [self.chain.room(count, limit) for count, limit in self._limits(named)]
        if named[1]["cap_purchase"] is not None:
            rooms.append(named[1]["cap_purchase"])
        kept = list(points)
        for place in reversed(range(len(kept))):
            too_many = sum(kept) - min(rooms, default=sum(kept))
            kept[place] -= min(kept[place], max(0, too_many))
        return kept

    def take(self, named: Named, points: list[int]) -> None:
        """Have what a rule gives counted."""
        self.counted += [(count, sum(points)) for count, _limit in self._limits(named)]

    def _limits(self, named: Named) -> list[tuple[tuple[Any, ...], int]]:
        name, rule = named
        day = self.call.at.astimezone(self.chain.zone).date()
        counts: dict[str, tuple[Any, ...]] = {
            "cap_day": ("cap", name, self.member.id, day),
            "cap_member": ("cap", name, self.member.id),
            "budget": ("cap", name),
        }
        return [(count, rule[cap]) for cap, count in counts.items() if rule[cap] is not None]


def earned(basket: Basket) -> tuple[list[int], list[int]]:
    """Points and qualifying points of each line."""
    rates = sorted(basket.rules("rate"), key=lambda named: -named[1]["priority"])
    chosen = [
        next((named for named in rates if place in basket.matched(named[1])), None) for place in range(len(basket.paid))
    ]
    base = [
        Fraction(paid * named[1]["points"], named[1]["per_minor"]) if named else Fraction(0)
        for paid, named in zip(basket.paid, chosen, strict=True)
    ]
    tier = next(tier for tier in basket.chain.tiers if tier.name == basket.member.tier)
    rated = shared([value * tier.multiplier / SCALE for value in base])
    given = [
        (named, [points if mine is named else 0 for points, mine in zip(rated, chosen, strict=True)])
        for named in rates
        if named in chosen
    ]
    parts = [(named, basket.capped(named, points)) for named, points in given]
    parts += _multiplied(basket, base)
    parts += _bonuses(basket)
    for named, points in parts:
        basket.take(named, points)
    return [sum(points[place] for _named, points in parts) for place in range(len(base))], shared(base)


def _multiplied(basket: Basket, base: list[Fraction]) -> list[tuple[Named, list[int]]]:
    best: dict[str, tuple[Named, list[int]]] = {}
    for named in basket.rules("multiplier"):
        name, rule = named
        places, more = basket.matched(rule), Fraction(rule["multiplier"] - SCALE, SCALE)
        exact = [value * more if place in places else Fraction(0) for place, value in enumerate(base)]
        own, group = basket.capped(named, shared(exact)), rule["group"] or f"only {name}"
        if group not in best or sum(own) > sum(best[group][1]):
            best[group] = (named, own)
    return list(best.values())


def _bonuses(basket: Basket) -> list[tuple[Named, list[int]]]:
    found = []
    for named in basket.rules("bonus"):
        rule, given = named[1], [0] * len(basket.paid)
        places = basket.matched(rule)
        if rule["per"] == "purchase" and places:
            for place, share in zip(places, shared_like(rule["points"], [basket.paid[p] for p in places]), strict=True):
                given[place] = share
        elif places:
            for place in places:
                given[place] = rule["points"] * (basket.body.lines[place].quantity if rule["per"] == "unit" else 1)
        found.append((named, basket.capped(named, given)))
    return found
