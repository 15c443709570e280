"""What this kiosk may give a member by itself, from what the hub has lent it ahead. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from msgspec import UNSET

from protocol.errors import ErrorCode
from protocol.state import Reward


@dataclass(frozen=True, slots=True)
class Allowance:
    """So many points at once, for rewards at the prices named; `barred` says why others are not among them."""

    points: int = 0
    prices: Mapping[UUID, int] = field(default_factory=dict)
    barred: Mapping[UUID, ErrorCode] = field(default_factory=dict)

    def covers(self, reward: UUID, points: int) -> bool:
        """Tell whether a reward can be given at this price without asking anybody."""
        return self.points > 0 and points <= self.points and self.is_open(reward, points)

    def is_open(self, reward: UUID, points: int) -> bool:
        """Tell whether nothing but points keeps the member from a reward at this price."""
        return self.prices.get(reward) == points


NOTHING = Allowance()


def allowance(points: int, tier: str, catalogue: Iterable[Reward], pieces: Collection[UUID]) -> Allowance:
    """What a member of a tier can have of a catalogue for points that are lent here; `pieces` are limited rewards."""
    prices, barred = {}, {}
    for reward in catalogue:
        if reward.tiers and tier not in reward.tiers:
            barred[reward.reward] = ErrorCode.REWARD_TIER
        elif is_limited(reward) and reward.reward not in pieces:
            barred[reward.reward] = ErrorCode.REDEEM_OFFLINE_STOCK
        else:
            prices[reward.reward] = reward.points
    return Allowance(points, prices, barred)


def is_limited(reward: Reward) -> bool:
    """Tell whether there are only so many of a reward."""
    return reward.stock is not UNSET
