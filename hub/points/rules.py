"""Pure rules of points: how they are earned, how long they are valid, what they are worth. Integers only."""

from calendar import monthrange
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from math import gcd
from typing import Annotated, Any, Literal

from msgspec import Meta

from hub.ledger.rules import Grant
from protocol.errors import ErrorCode
from protocol.values import Instant, Token

BASE = 10_000
"""A multiplier of one, in basis points."""

GRANTS_MAX = 256
"""Most moments whose grants are remembered."""

CHOICES_MAX = 500
"""Most products, categories or stores that one rule names."""

Refusal = tuple[ErrorCode, dict[str, Any]]
"""Why something is refused, and what fills the sentence."""

Positive = Annotated[int, Meta(ge=1, le=1_000_000_000)]
NotNegative = Annotated[int, Meta(ge=0, le=1_000_000_000)]
Limit = Annotated[int, Meta(ge=0, le=1_000_000_000_000)] | None
"""How many points a rule may give; None for as many as come."""

LocalTime = Annotated[str, Meta(pattern="^([01][0-9]|2[0-3]):[0-5][0-9]$")]
"""A time of day in the chain's zone, as 21:30."""

Choices = Annotated[list[Token], Meta(max_length=CHOICES_MAX)]
"""What a rule holds for; empty for everything."""


@dataclass(frozen=True, slots=True)
class EarningRule:
    """A rule of earning, as the programme's terms hold it.

    `rate`: `points` for every `per_minor` of money. Of the rates that match a line, the one of the highest `priority`
    gives the line its base (of equals the first by name); the member's tier multiplies it.
    `multiplier`: adds `multiplier` less one (in basis points) times the base, without the tier's part in it. Of those
    that share a `group` only the one that gives this member most counts.
    `bonus`: adds `points` for each purchase, line or unit.

    A rule matches the lines that satisfy all its conditions, as long as at least `min_minor` was paid for these lines
    together. A span of hours may pass midnight; it then belongs to the weekday on which it began. `ends_at` itself is
    outside. `campaign` is only told in the cause.

    Caps are counted in points that the rule gave, under its name whatever the version: to one purchase, to a member on
    a local day, to a member ever, and (`budget`) to all members together.
    """

    kind: Literal["rate", "multiplier", "bonus"] = "rate"
    names: dict[str, str] = field(default_factory=dict)
    points: NotNegative = 0
    per_minor: Positive = 100
    priority: int = 0
    multiplier: Annotated[int, Meta(ge=BASE, le=1_000_000)] = BASE
    group: str = ""
    per: Literal["purchase", "line", "unit"] = "purchase"
    tiers: Choices = field(default_factory=list)
    products: Choices = field(default_factory=list)
    categories: Choices = field(default_factory=list)
    stores: Choices = field(default_factory=list)
    weekdays: list[Annotated[int, Meta(ge=1, le=7)]] = field(default_factory=list)
    from_time: LocalTime | None = None
    to_time: LocalTime | None = None
    starts_at: Instant | None = None
    ends_at: Instant | None = None
    min_minor: NotNegative = 0
    campaign: str = ""
    cap_purchase: Limit = None
    cap_day: Limit = None
    cap_member: Limit = None
    budget: Limit = None

    def __post_init__(self) -> None:
        if (self.from_time is None) != (self.to_time is None) or (self.from_time and self.from_time == self.to_time):
            raise ValueError("`from_time` and `to_time` come together and differ")
        if self.starts_at and self.ends_at and self.starts_at >= self.ends_at:
            raise ValueError("`ends_at` comes after `starts_at`")

    @property
    def is_general(self) -> bool:
        """Tell whether it is a rate that everything earns by, whoever buys it where and when."""
        conditions = (self.tiers, self.products, self.categories, self.stores, self.weekdays, self.from_time)
        return self.kind == "rate" and not any((*conditions, self.starts_at, self.ends_at, self.min_minor))


def general_rate(rules: Iterable[EarningRule]) -> EarningRule | None:
    """The rate that everything earns by at least: of the general ones that of the highest priority, else the first."""
    return max((rule for rule in rules if rule.is_general), key=lambda rule: rule.priority, default=None)


@dataclass(frozen=True, slots=True)
class ExpiryPolicy:
    """How long points are valid, counted from when they were earned.

    `rolling`: so many months from that local day. `calendar`: the same, and on to the end of that month, quarter or
    year. `inactivity`: until nothing has happened on the account for so many months. `never`.

    Points can be spent when `pending_days` have passed.
    """

    kind: Literal["rolling", "calendar", "inactivity", "never"] = "rolling"
    months: Annotated[int, Meta(ge=1, le=120)] = 12
    rounding: Literal["month", "quarter", "year"] = "year"
    pending_days: Annotated[int, Meta(ge=0, le=365)] = 0
    notice_days: Annotated[int, Meta(ge=0, le=365)] = 30

    def __post_init__(self) -> None:
        if self.kind in {"rolling", "calendar"} and self.pending_days >= 28 * self.months:
            raise ValueError("`pending_days` must end before the points expire")


@dataclass(frozen=True, slots=True)
class CashPolicy:
    """Points taken like money: so many `points` stand for so much money (`minor`). Not offered where both are 0.

    They pay at most `max_share_bp` of a purchase, in basis points, and nobody pays with fewer than `min_points`.
    """

    points: NotNegative = 0
    minor: NotNegative = 0
    max_share_bp: Annotated[int, Meta(ge=1, le=BASE)] = BASE
    min_points: NotNegative = 0

    def __post_init__(self) -> None:
        if (self.points == 0) != (self.minor == 0):
            raise ValueError("`points` and `minor` are both given, or neither")

    @property
    def step(self) -> int:
        """The fewest points that stand for whole minor units; only multiples of it can be paid. 0: not offered."""
        return self.points // gcd(self.points, self.minor) if self.points else 0

    def value_of(self, points: int) -> int:
        """What points are worth, in minor units, rounded down; 0 where points are not taken like money."""
        return points * self.minor // self.points if self.points else 0

    def most(self, amount: int, spendable: int) -> int:
        """How many points somebody who can spend so many can use for a purchase of that amount."""
        if self.step == 0:
            return 0
        share = amount * self.max_share_bp // BASE
        steps = min(spendable // self.step, share // self.value_of(self.step))
        return steps * self.step if steps * self.step >= self.min_points else 0

    def refusal(self, points: int, amount: int) -> Refusal | None:
        """Why points may not pay for a purchase of that amount; None where they may. 0 points always may."""
        if points == 0:
            return None
        if self.step == 0:
            return ErrorCode.CASH_NOT_OFFERED, {}
        if points % self.step:
            return ErrorCode.CASH_UNEVEN, {"step": self.step}
        if points < self.min_points:
            return ErrorCode.CASH_TOO_FEW, {"min": self.min_points}
        most = self.most(amount, points)
        return (ErrorCode.CASH_OVER_SHARE, {"most": most}) if points > most else None


def share_out(exact: Sequence[int], divisor: int) -> list[int]:
    """Round down the sum of `exact / divisor` once, and share it out by largest remainder (of equals, the first)."""
    shares = [value // divisor for value in exact]
    missing = sum(exact) // divisor - sum(shares)
    if missing:
        by_remainder = sorted(range(len(exact)), key=lambda place: (-(exact[place] % divisor), place))
        for place in by_remainder[:missing]:
            shares[place] += 1
    return shares


def split(total: int, weights: Sequence[int]) -> list[int]:
    """Share a total out by weights, which are not all 0, so that the shares add up to it."""
    return share_out([total * weight for weight in weights], sum(weights))


def expiry_of(policy: ExpiryPolicy, earned_at: datetime) -> datetime | None:
    """When points expire that were earned at a moment, given in the chain's zone; None for never by themselves.

    So many months later, on the same day or the month's last; with `calendar` then at the end of a period.
    """
    if policy.kind in {"inactivity", "never"}:
        return None
    months = earned_at.month - 1 + policy.months
    year, month = earned_at.year + months // 12, months % 12 + 1
    if policy.kind == "rolling":
        return earned_at.replace(year=year, month=month, day=min(earned_at.day, monthrange(year, month)[1]))
    period = {"month": 1, "quarter": 3, "year": 12}[policy.rounding]
    ends = year * 12 + (month - 1) // period * period + period
    return earned_at.replace(
        year=ends // 12, month=ends % 12 + 1, day=1, hour=0, minute=0, second=0, microsecond=0, fold=0
    )


# Everybody in a batch earns at the same moment.
@lru_cache(maxsize=GRANTS_MAX)
def grant_of(source: str, policy: ExpiryPolicy, earned_at: datetime, unit_value: int) -> Grant:
    """The terms on which points are granted that are earned at a moment, given in the chain's zone."""
    expires_at = expiry_of(policy, earned_at)
    return Grant(
        source=source,
        active_from=(earned_at + timedelta(days=policy.pending_days)).astimezone(UTC),
        expires_at=None if expires_at is None else expires_at.astimezone(UTC),
        unit_value=unit_value,
    )
