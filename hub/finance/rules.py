"""Pure rules of what points are in the accounts: revenue put off, earned as they are redeemed (IFRS 15, ASC 606).

Points that a purchase earns are a performance obligation of their own (IFRS 15, B39 to B43): a part of the price is
put off for them and becomes revenue as they are redeemed, against all that will ever be redeemed. What will not be,
the breakage, becomes revenue in the same proportion (B46). Estimates are corrected in the period in which they change,
so that what is recognised always fits the newest one (cumulative catch-up). All amounts are integers in one minor unit.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated

from msgspec import Meta

from hub.points.rules import BASE, split

POLICY = "liability"
"""Name of the policy of liability among the programme's terms."""

AGES_MONTHS = (3, 6, 12, 24)
"""Where buckets of age end: younger than three months, than six, and so on; the last bucket has no end."""


@dataclass(frozen=True, slots=True)
class LiabilityPolicy:
    """How much of all points that are granted will be redeemed, in basis points; HQ says so from experience.

    All of them, where nobody has said: revenue is not to be recognised on a guess.
    """

    expected_redemption_bp: Annotated[int, Meta(ge=0, le=BASE)] = BASE


def half_even(numerator: int, denominator: int) -> int:
    """A quotient to the nearest integer, of two that are as near to the even one."""
    whole, rest = divmod(numerator, denominator)
    twice = 2 * rest - denominator
    return whole + (twice > 0 or (twice == 0 and whole % 2 == 1))


def allocate(price: int, standalone: Sequence[int]) -> list[int]:
    """Share a transaction price out by stand-alone selling prices (IFRS 15, 76), by largest remainder."""
    return split(price, standalone)


def expected_points(granted: int, expected_redemption_bp: int) -> int:
    """How many of the points that were granted will ever be redeemed, rounded half even."""
    return half_even(granted * expected_redemption_bp, BASE)


def recognised(deferred: int, redeemed: int, expected: int) -> int:
    """How much of what was put off is revenue by now, rounded half even.

    `redeemed` points of `expected` in all were redeemed. Never more than was put off, and all of it once nothing more
    is expected.
    """
    return deferred if redeemed >= expected else half_even(deferred * redeemed, expected)


def catch_up(deferred: int, redeemed: int, expected: int, before: int) -> int:
    """The revenue of a period: what is recognised by its end, less what was recognised `before`; it may be negative."""
    return recognised(deferred, redeemed, expected) - before


@dataclass(frozen=True, slots=True)
class Breakage:
    """Points that members still hold: how many are expected to be redeemed, and how many never."""

    redeemable: int
    never: int


def breakage(outstanding: int, redeemed: int, gone: int, expected_redemption_bp: int) -> Breakage:
    """Estimate what becomes of outstanding points. `gone` expired or was written off without being redeemed.

    Of all that was ever granted, so many basis points will be redeemed in the end; what of that was not redeemed yet is
    still to come, as far as there are points for it.
    """
    granted = outstanding + redeemed + gone
    redeemable = min(outstanding, max(0, expected_points(granted, expected_redemption_bp) - redeemed))
    return Breakage(redeemable, outstanding - redeemable)


def age_bucket(granted_at: datetime, at: datetime) -> str:
    """The bucket of age, in months, that a grant falls in: `0-3`, `3-6` and so on."""
    months = (at.year - granted_at.year) * 12 + at.month - granted_at.month
    months -= (at.day, at.time()) < (granted_at.day, granted_at.time())
    start = 0
    for end in AGES_MONTHS:
        if months < end:
            return f"{start}-{end}"
        start = end
    return f"{start}-"


def month_of(text: str) -> date:
    """The first day of a month that is given as `2026-11`."""
    return date.fromisoformat(f"{text}-01")


def next_month(month: date) -> date:
    """The first day of the month after."""
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)
