"""Pure rules of earning. Integers only; every rounding has a name."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

BASE = 10_000
"""A multiplier of one, in basis points."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many points for so much money, in minor units; which version of the rule this is."""

    version: int
    points: int
    per_minor: int
    valid_months: int


def points_per_line(rate: Rate, multiplier: int, amounts: Sequence[int]) -> list[int]:
    """Points of each line of a purchase, in order.

    The purchase as a whole earns `amount x points / per_minor x multiplier`, rounded down once; the lines share that by
    largest remainder, so they always add up to it.
    """
    divisor = rate.per_minor * BASE
    exact = [amount * rate.points * multiplier for amount in amounts]
    shares = [value // divisor for value in exact]
    missing = sum(exact) // divisor - sum(shares)
    by_remainder = sorted(range(len(exact)), key=lambda line: (-(exact[line] % divisor), line))
    for line in by_remainder[:missing]:
        shares[line] += 1
    return shares


def expiry_of(rate: Rate, earned_at: datetime) -> datetime:
    """When points earned at a moment expire: so many months later, on the same day or the month's last."""
    months = earned_at.month - 1 + rate.valid_months
    year, month = earned_at.year + months // 12, months % 12 + 1
    return earned_at.replace(year=year, month=month, day=min(earned_at.day, monthrange(year, month)[1]))
