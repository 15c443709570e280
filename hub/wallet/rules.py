"""Pure rules of stored value: order of use, gifts on top-ups, what a refund gives back, and what the law allows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from hub.ledger.rules import VALUE_SCALE, Grant
from hub.points.rules import ExpiryPolicy, grant_of
from protocol.errors import ErrorCode

MONEY_MAX_MINOR = 10**12
"""Largest amount of money in a term, in minor units."""

REFUND_MAX_DAYS = 28
"""Longest time in which a top-up can be taken back. A gift lasts a month at least, so it never expires before."""

Money = Annotated[int, Meta(ge=0, le=MONEY_MAX_MINOR)]
MoneyAboveZero = Annotated[int, Meta(ge=1, le=MONEY_MAX_MINOR)]
Order = Literal["bonus_first", "principal_first", "proportional"]


@dataclass(frozen=True, slots=True)
class WalletPolicy:
    """How stored value is used: in which order, how long gifts last, how long a top-up can be taken back.

    `bonus_months` None means that gifts never expire.
    """

    order: Order = "bonus_first"
    bonus_months: Annotated[int, Meta(ge=1, le=120)] | None = None
    refund_days: Annotated[int, Meta(ge=0, le=REFUND_MAX_DAYS)] = 7


@dataclass(frozen=True, slots=True)
class GiftRule:
    """A gift on top-ups `at_least` so large: `gift` in money and `points`, once, or for every full `step` of money.

    Empty `tiers` and `stores` mean all of them. `cap_member` and `budget` are the most money that it gives to one
    member and to all of them; what is left of them is given, and after that nothing, no points either.
    """

    names: dict[str, str] = field(default_factory=dict)
    at_least: MoneyAboveZero = 1
    gift: Money = 0
    points: Annotated[int, Meta(ge=0, le=1_000_000_000)] = 0
    step: MoneyAboveZero | None = None
    tiers: tuple[str, ...] = ()
    stores: tuple[str, ...] = ()
    starts_at: Annotated[datetime, Meta(tz=True)] | None = None
    ends_at: Annotated[datetime, Meta(tz=True)] | None = None
    campaign: Annotated[str, Meta(max_length=64)] = ""
    cap_member: Money | None = None
    budget: Money | None = None

    def offers(self, amount: int, store: str, at: datetime) -> bool:
        """Tell whether a top-up is large enough and at the right place and time; whose it is, is another question."""
        return (
            amount >= self.at_least
            and (not self.stores or store in self.stores)
            and (self.starts_at is None or self.starts_at <= at)
            and (self.ends_at is None or at < self.ends_at)
        )

    def is_for(self, tier: str) -> bool:
        """Tell whether members of a tier get it."""
        return not self.tiers or tier in self.tiers


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """What the law of a place says about stored value, in minor units, with its `sources`.

    The defaults are the strictest that is known, and hold wherever nobody has set anything: State Council of China,
    2011, no. 25 (5,000 yuan on a registered card, 1,000 on an anonymous one), and Ministry of Commerce, 2012, no. 9
    (10,000 yuan at once from somebody identified only). A single top-up of `identify_from` or more needs an identified
    member.
    """

    balance_max_identified: Money = 500_000
    balance_max_anonymous: Money = 100_000
    top_up_max: Money = 500_000
    identify_from: Money = 1_000_000
    sources: tuple[str, ...] = ()

    def balance_max(self, *, identified: bool) -> int:
        """Most that a member may hold."""
        return self.balance_max_identified if identified else self.balance_max_anonymous

    def refusal(self, amount: int, after: int, *, identified: bool) -> ErrorCode | None:
        """Why money may not be paid in; None where it may. `after` is what the member would hold then, gifts too."""
        if amount > self.top_up_max:
            return ErrorCode.TOP_UP_TOO_LARGE
        if not identified and amount >= self.identify_from:
            return ErrorCode.MEMBER_UNIDENTIFIED
        return ErrorCode.STORED_VALUE_TOO_MUCH if after > self.balance_max(identified=identified) else None


@dataclass(frozen=True, slots=True)
class Split:
    """An amount of stored value, by what it is made of."""

    principal: int
    bonus: int

    @property
    def total(self) -> int:
        """Both together."""
        return self.principal + self.bonus


@dataclass(frozen=True, slots=True)
class Gift:
    """What one rule gives for one top-up."""

    rule: str
    version: int
    money: int
    points: int


def split_of(amount: int, held: Split, order: Order) -> Split:
    """What an amount is taken from; no more than is held.

    Proportional: principal gives its share rounded down, bonus the rest, so that both stay within what is held.
    """
    amount = min(amount, held.total)
    match order:
        case "bonus_first":
            bonus = min(amount, held.bonus)
            return Split(amount - bonus, bonus)
        case "principal_first":
            principal = min(amount, held.principal)
            return Split(principal, amount - principal)
        case "proportional":
            principal = amount * held.principal // held.total if held.total else 0
            return Split(principal, amount - principal)


def given_back(paid: Split, left: Split, amount: int) -> Split:
    """What a refund of `amount` gives back of a payment of which `left` was not given back yet.

    After every refund, what was given back of principal in all is its share of all refunds, rounded down, and bonus is
    the rest; so the last refund ends both exactly.
    """
    refunded = paid.total - left.total + amount
    principal = refunded * paid.principal // paid.total - (paid.principal - left.principal)
    return Split(principal, amount - principal)


def gift_for(rule: GiftRule, amount: int, room: int | None) -> tuple[int, int]:
    """Money and points that a rule gives for a top-up, where `room` is what its caps leave (None: no caps)."""
    times = amount // rule.step if rule.step else 1
    money, points = rule.gift * times, rule.points * times
    if room is None or money <= room:
        return money, points
    return (room, points) if room > 0 else (0, 0)


def best_gift(gifts: Sequence[Gift]) -> Gift | None:
    """The gift that counts: most money, then most points, then the first by the rule's name. None where none gives."""
    best = min(gifts, key=lambda gift: (-gift.money, -gift.points, gift.rule), default=None)
    return best if best is not None and (best.money or best.points) else None


def gift_grant(policy: WalletPolicy, given_at: datetime) -> Grant:
    """The terms on which a gift is given at a moment, in the chain's zone: like points that expire by the month."""
    months = policy.bonus_months
    expiry = ExpiryPolicy(kind="never") if months is None else ExpiryPolicy(kind="rolling", months=months)
    # Money is worth itself: so many minor units are worth as many.
    return grant_of("gift", expiry, given_at, VALUE_SCALE)
