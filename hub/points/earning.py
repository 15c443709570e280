"""What a purchase earns: each rule in force adds a part of its own to the lines it matches. Pure; integers only.

Parts never multiply each other, so the order of rules does not matter and a statement is a sum that anybody can check.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from math import lcm
from typing import Any
from uuid import UUID

from msgspec import Struct

from hub.points.matching import Basket, Rule, Rules
from hub.points.rules import BASE, share_out, split

Room = Callable[[UUID, int], int]
"""How much may still be counted on a tally before a limit."""


class Part(Struct, frozen=True, gc=False):
    """What one rule gives to each line, how much of it a cap has cut off, and where what it gives is counted."""

    rule: Rule
    points: list[int]
    cut: list[int]
    tallies: tuple[UUID, ...] = ()


class Earned(Struct, frozen=True, gc=False):
    """What a purchase earns, line by line: points with their parts, and qualifying points by each line's rate."""

    points: list[int]
    qualifying: list[int]
    rates: list[Rule | None]
    parts: list[Part]

    def counts(self) -> Iterator[tuple[UUID, int]]:
        """How much is to be counted on which tally."""
        for part in self.parts:
            for tally in part.tallies:
                yield tally, sum(part.points)


def earn(rules: Rules, basket: Basket, room: Room) -> Earned:
    """What a purchase earns. Qualifying points are the base alone: no tier, no other rule and no cap changes them."""
    if rules.alone is not None:
        return _earn_alone(rules.alone, basket)
    base = _base(rules.rates, basket)
    qualifying = share_out(base.exact, base.divisor)
    parts = [
        *_rated(base, qualifying, basket, room),
        *_multiplied(rules.multipliers, base, basket, room),
        *_bonuses(rules.bonuses, basket, room),
    ]
    points = [sum(shares) for shares in zip(*(part.points for part in parts), strict=True)]
    return Earned(points or [0] * len(basket.paid), qualifying, base.rates, parts)


def _earn_alone(rate: Rule, basket: Basket) -> Earned:
    """The same where there is nothing but one rate: most purchases of most chains, in half the time."""
    says = rate.says
    exact = [paid * says.points for paid in basket.paid]
    points = qualifying = share_out(exact, says.per_minor)
    if basket.multiplier != BASE:
        points = share_out([value * basket.multiplier for value in exact], says.per_minor * BASE)
    return Earned(points, qualifying, [rate] * len(exact), [Part(rate, points, [0] * len(exact))])


def explained(earned: Earned, basket: Basket) -> dict[str, Any]:
    """Where points come from, as it stands in the cause of their transfer; `lines_in` reads it again.

    By part, because a cause is stored with every purchase, and most have one part for all their lines.
    """
    parts = [_told(part.rule, part.points, part.cut) for part in earned.parts if any(part.points) or any(part.cut)]
    return {"paid": list(basket.paid), "tier": basket.tier, "multiplier": basket.multiplier, "parts": parts}


def qualifying_explained(earned: Earned, basket: Basket) -> dict[str, Any]:
    """Where qualifying points come from, in the same form; a tier has no part in them."""
    parts = []
    for rate in dict.fromkeys(earned.rates):
        if rate:
            shares = zip(earned.qualifying, earned.rates, strict=True)
            own = [points if chosen is rate else 0 for points, chosen in shares]
            parts += [_told(rate, own, [])] if any(own) else []
    return {"paid": list(basket.paid), "parts": parts}


def lines_in(cause: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The lines that a cause explains, each with what it was paid and its parts; none where it is no purchase's."""
    if "paid" not in cause or "parts" not in cause:
        return []
    terms = {name: cause[name] for name in ("tier", "multiplier") if name in cause}
    lines = []
    for place, paid in enumerate(cause["paid"]):
        parts = [
            {**part, "points": part["points"][place], "cut": part["cut"][place] if "cut" in part else 0}
            for part in cause["parts"]
            if part["points"][place] or ("cut" in part and part["cut"][place])
        ]
        if parts:
            lines.append({"line": place + 1, "amount": paid, **terms, "parts": parts})
    return lines


def parts_of(earned: Earned, place: int) -> list[dict[str, Any]]:
    """Which rules gave something to the line at a place, or would have but for a cap."""
    return [
        {"rule": part.rule.name, "version": part.rule.version, "points": part.points[place], "cut": part.cut[place]}
        for part in earned.parts
        if part.points[place] or part.cut[place]
    ]


def _told(rule: Rule, points: list[int], cut: list[int]) -> dict[str, Any]:
    told: dict[str, Any] = {"rule": rule.name, "version": rule.version, "points": points}
    if any(cut):
        told["cut"] = cut
    if rule.says.campaign:
        told["campaign"] = rule.says.campaign
    return told


class _Base(Struct, frozen=True, gc=False):
    """What each line earns by its rate alone: exactly, over one divisor for all lines; and which rate that is."""

    rates: list[Rule | None]
    exact: list[int]
    divisor: int


def _base(rates: Sequence[Rule], basket: Basket) -> _Base:
    chosen: list[Rule | None] = [None] * len(basket.paid)
    for rule in rates:
        for place in rule.lines_of(basket):
            chosen[place] = chosen[place] or rule
    divisor = lcm(*{rule.says.per_minor for rule in chosen if rule})
    exact = [
        paid * rule.says.points * (divisor // rule.says.per_minor) if rule else 0
        for paid, rule in zip(basket.paid, chosen, strict=True)
    ]
    return _Base(chosen, exact, divisor)


def _rated(base: _Base, qualifying: list[int], basket: Basket, room: Room) -> Iterator[Part]:
    """The base times the tier's multiplier, rounded once for the purchase: a part for each rate in it."""
    points = qualifying
    if basket.multiplier != BASE:
        points = share_out([exact * basket.multiplier for exact in base.exact], base.divisor * BASE)
    for rate in dict.fromkeys(base.rates):
        if rate:
            own = [given if chosen is rate else 0 for given, chosen in zip(points, base.rates, strict=True)]
            yield _part(rate, own, basket, room)


def _multiplied(rules: Iterable[Rule], base: _Base, basket: Basket, room: Room) -> Iterable[Part]:
    best: dict[tuple[str, str], Part] = {}
    for rule in rules:
        places, more = rule.lines_of(basket), rule.says.multiplier - BASE
        if not places:
            continue
        exact = [0] * len(basket.paid)
        for place in places:
            exact[place] = base.exact[place] * more
        part = _part(rule, share_out(exact, base.divisor * BASE), basket, room)
        group = (rule.says.group, "" if rule.says.group else rule.name)
        if group not in best or sum(part.points) > sum(best[group].points):
            best[group] = part
    return best.values()


def _bonuses(rules: Iterable[Rule], basket: Basket, room: Room) -> Iterator[Part]:
    for rule in rules:
        places, each = rule.lines_of(basket), rule.says.points
        if not places:
            continue
        match rule.says.per:
            case "purchase":
                shares = split(each, [basket.paid[place] for place in places])
            case "line":
                shares = [each] * len(places)
            case "unit":
                shares = [each * basket.lines[place].quantity for place in places]
        points = [0] * len(basket.paid)
        for place, share in zip(places, shares, strict=True):
            points[place] = share
        yield _part(rule, points, basket, room)


def _part(rule: Rule, points: list[int], basket: Basket, room: Room) -> Part:
    """What is left of a rule's points under its caps: what is too much is cut from the last line backwards."""
    cut, cap = [0] * len(points), rule.says.cap_purchase
    if not rule.is_capped:
        return Part(rule, points, cut)
    limits = tuple(rule.limits(basket))
    allowed = min([room(tally, limit) for tally, limit in limits] + ([] if cap is None else [cap]))
    excess = sum(points) - allowed
    for place in reversed(range(len(points))):
        if excess <= 0:
            break
        cut[place] = min(excess, points[place])
        excess -= cut[place]
    kept = [given - less for given, less in zip(points, cut, strict=True)]
    return Part(rule, kept, cut, tuple(tally for tally, _limit in limits))
