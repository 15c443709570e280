"""Pure rules of what people do with points by hand: adjustments, and points passed on to another member."""

from dataclasses import dataclass, field
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.points.rules import NotNegative, Positive, Refusal
from hub.staff.permissions import Role
from protocol.errors import ErrorCode
from protocol.ids import derived_id


@dataclass(frozen=True, slots=True)
class AdjustmentPolicy:
    """How many points each role may give or take alone; beyond that, and for every other role, it takes two."""

    limits: dict[Role, NotNegative] = field(default_factory=dict)

    def limit_of(self, role: str) -> int:
        """Most points that a role may give or take alone; 0 for who has none."""
        return next((limit for known, limit in self.limits.items() if known == role), 0)


@dataclass(frozen=True, slots=True)
class TransferPolicy:
    """Whether members may pass points on, and how many: at least `min` at once, at most `day_max` on one local day."""

    offered: bool = False
    min: Positive = 1
    day_max: NotNegative = 1_000

    def refusal(self, points: int, left: int) -> Refusal | None:
        """Why so many points may not be passed on; `left` is what the sender may still pass on that day."""
        if not self.offered:
            return ErrorCode.TRANSFER_NOT_OFFERED, {}
        if points < self.min:
            return ErrorCode.TRANSFER_TOO_SMALL, {"min": self.min}
        return (ErrorCode.TRANSFER_DAY_FULL, {"left": left}) if points > left else None


def local_day(at: datetime, zone: ZoneInfo) -> date:
    """The chain's day that a moment falls on."""
    return at.astimezone(zone).date()


def passed_on(sender: UUID, day: date) -> UUID:
    """The tally of what a member has passed on to others on one day."""
    return derived_id(sender, f"points.transferred.{day.isoformat()}")
