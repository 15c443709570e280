"""Which lines of a purchase a rule of earning matches, and which tallies it counts on. Pure.

Rules are made ready once for all purchases that they hold for.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from msgspec import Struct

from hub.points.rules import EarningRule
from protocol.ids import derived_id

EVERYBODY = UUID(int=0)
"""Budgets are counted under this in the place of a member."""


class Goods(Protocol):
    """What a rule sees of a line."""

    @property
    def product(self) -> str:
        """Code of what was bought."""

    @property
    def category(self) -> str:
        """Code of the category that it belongs to."""

    @property
    def quantity(self) -> int:
        """How many of it."""


class Basket(Struct, frozen=True, gc=False):
    """A purchase as rules see it.

    `paid` is what was paid for each line in money, in minor units; `at` is in the chain's zone; `multiplier` is the
    tier's, in basis points.
    """

    member: UUID
    tier: str
    multiplier: int
    store: str
    at: datetime
    lines: Sequence[Goods]
    paid: Sequence[int]


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A rule in force, made ready. `is_plain` if it has no conditions but tiers, `is_counted` if it needs tallies.

    Each is equal to itself only, so that looking one up costs nothing.
    """

    name: str
    version: int
    says: EarningRule
    tiers: frozenset[str]
    stores: frozenset[str]
    products: frozenset[str]
    categories: frozenset[str]
    is_plain: bool
    is_counted: bool

    @classmethod
    def of(cls, name: str, version: int, says: EarningRule) -> "Rule":
        """Make a rule ready."""
        conditions = (says.stores, says.products, says.categories, says.weekdays, says.min_minor)
        moments = (says.from_time, says.starts_at, says.ends_at)
        return cls(
            name=name,
            version=version,
            says=says,
            tiers=frozenset(says.tiers),
            stores=frozenset(says.stores),
            products=frozenset(says.products),
            categories=frozenset(says.categories),
            is_plain=not any((*conditions, *moments)),
            is_counted=any(cap is not None for cap in (says.cap_day, says.cap_member, says.budget)),
        )

    @property
    def is_capped(self) -> bool:
        """Tell whether there is a limit to what this rule gives."""
        return self.is_counted or self.says.cap_purchase is not None

    def lines_of(self, basket: Basket) -> list[int]:
        """Places of the lines that this rule matches. Where nothing was paid in money, no rule matches."""
        return [] if self.tiers and basket.tier not in self.tiers else self.lines_for_anybody(basket)

    def lines_for_anybody(self, basket: Basket) -> list[int]:
        """The same for a member of whatever tier."""
        if self.is_plain:
            return [place for place, paid in enumerate(basket.paid) if paid]
        if not self._is_open(basket):
            return []
        places = [
            place
            for place, (line, paid) in enumerate(zip(basket.lines, basket.paid, strict=True))
            if paid
            and (not self.products or line.product in self.products)
            and (not self.categories or line.category in self.categories)
        ]
        return places if sum(basket.paid[place] for place in places) >= self.says.min_minor else []

    def limits(self, basket: Basket) -> Iterator[tuple[UUID, int]]:
        """The tallies that this rule counts on, and how far each may go."""
        says = self.says
        if says.cap_day is not None:
            yield derived_id(basket.member, f"cap.{basket.at.date().isoformat()}.{self.name}"), says.cap_day
        if says.cap_member is not None:
            yield derived_id(basket.member, f"cap.ever.{self.name}"), says.cap_member
        if says.budget is not None:
            yield derived_id(EVERYBODY, f"budget.{self.name}"), says.budget

    def _is_open(self, basket: Basket) -> bool:
        says, at = self.says, basket.at
        return (
            (not self.stores or basket.store in self.stores)
            and (says.starts_at is None or at >= says.starts_at)
            and (says.ends_at is None or at < says.ends_at)
            and self._is_hour(at)
        )

    def _is_hour(self, at: datetime) -> bool:
        says, day = self.says, at.isoweekday()
        if says.from_time is not None and says.to_time is not None:
            now = f"{at:%H:%M}"
            passes_midnight = says.from_time > says.to_time
            if passes_midnight and now < says.to_time:
                day = day - 1 or 7
            elif now < says.from_time or (not passes_midnight and now >= says.to_time):
                return False
        return not says.weekdays or day in says.weekdays


@dataclass(frozen=True, slots=True)
class Rules:
    """All rules in force at once: rates in the order in which they are tried, the others by name.

    `alone` is the one rate in force, where it holds for everything and everybody without a cap, and nothing else does.
    """

    rates: tuple[Rule, ...] = ()
    multipliers: tuple[Rule, ...] = ()
    bonuses: tuple[Rule, ...] = ()
    counted: tuple[Rule, ...] = ()
    alone: Rule | None = None

    @classmethod
    def of(cls, terms: Iterable[tuple[str, int, EarningRule]]) -> "Rules":
        """Make rules ready, given as name, version and what it says, in any order."""
        rules = sorted((Rule.of(*term) for term in terms), key=lambda rule: rule.name)
        rates = [rule for rule in rules if rule.says.kind == "rate"]
        is_alone = len(rules) == len(rates) == 1 and rates[0].is_plain and not rates[0].tiers and not rates[0].is_capped
        return cls(
            rates=tuple(sorted(rates, key=lambda rule: -rule.says.priority)),
            multipliers=tuple(rule for rule in rules if rule.says.kind == "multiplier"),
            bonuses=tuple(rule for rule in rules if rule.says.kind == "bonus"),
            counted=tuple(rule for rule in rules if rule.is_counted),
            alone=rates[0] if is_alone else None,
        )

    def tallies(self, basket: Basket) -> Iterator[UUID]:
        """Every tally that may be counted on for a purchase, whatever tier its member has by then."""
        for rule in self.counted:
            if rule.lines_for_anybody(basket):
                yield from (tally for tally, _limit in rule.limits(basket))
