"""The member screen: points, tier, progress and what can be redeemed."""

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from uuid import UUID


class Reach(StrEnum):
    """Whether this member can have a reward now, and why not."""

    READY = "ready"
    SHORT = "short"
    TIER = "tier"
    GONE = "gone"
    LATER = "later"
    """Only the hub could give it, and that cannot be reached."""


@dataclass(frozen=True, slots=True)
class RewardTile:
    """One reward. `price` is a formatted number, `unit` the word after it.

    `note` is the chip in the corner, which says what keeps the member from it; empty when nothing does.
    """

    reward: UUID
    name: str
    description: str
    points: int
    price: str
    unit: str
    note: str
    reach: Reach
    picture: Path | None


@dataclass(frozen=True, slots=True)
class VoucherLine:
    """An earlier redemption that waits to be handed out."""

    spend: UUID
    label: str


@dataclass(frozen=True, slots=True)
class Stat:
    """A small figure with its label."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class MemberView:
    """Everything about the member that the screen shows.

    `points` counts up to its value under `points_label`; `progress` (0 to 1) is the way to the next tier. `stats` are
    two at most. `stored_value` is a line of its own, empty where there is none, and `note` the line below all figures.
    `fields` are what the chain wants the member to see of itself, as one text.
    `tier_rank` (0 is the lowest) and `tier_ranks` choose the badge's colours. `provisional` dims the figures that the
    hub has not confirmed in this visit; `age_note` then says how old they are.
    """

    greeting: str
    tier_name: str
    tier_rank: int
    tier_ranks: int
    points: int
    points_label: str
    progress: float
    stats: tuple[Stat, ...]
    stored_value: str
    note: str
    fields: str
    provisional: bool
    age_note: str
    rewards_title: str
    rewards_note: str
    rewards: tuple[RewardTile, ...]
    vouchers: tuple[VoucherLine, ...]
    end_label: str
