"""Pure rules of tiers: which one qualifying points earn, and how far the next is."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Level:
    """One tier as rules see it."""

    tier: str
    rank: int
    threshold: int
    multiplier: int


def earned_level(levels: Sequence[Level], qualifying: int) -> Level:
    """The highest level whose threshold is reached; the lowest where none is."""
    ranked = sorted(levels, key=lambda level: level.rank)
    reached = [level for level in ranked if level.threshold <= qualifying]
    return reached[-1] if reached else ranked[0]


def level_after(levels: Sequence[Level], current: str, qualifying: int) -> Level:
    """The level a member has after earning: an upgrade counts at once, and earning never takes a level away."""
    held = next(level for level in levels if level.tier == current)
    earned = earned_level(levels, qualifying)
    return earned if earned.rank > held.rank else held
