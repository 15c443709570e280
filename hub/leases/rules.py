"""Pure rules of leases: what may be granted, and what a kiosk's reports may do to a lease."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from protocol.errors import ErrorCode

ONLINE_LEASE_S = 600
"""How long a kiosk may spend a lease that it asked for while a member stood in front of it."""

OPEN = frozenset({"granted", "accepted"})
"""States in which a kiosk may still hold the points."""


@dataclass(slots=True)
class LeaseState:
    """A lease as a booking sees it."""

    kiosk: str
    number: int
    epoch: UUID
    member: UUID
    reward: UUID
    spend: UUID
    points: int
    spent: int
    state: str
    deadline: datetime
    is_new: bool = False
    is_changed: bool = False

    @property
    def rest(self) -> int:
        """What is still lent."""
        return self.points - self.spent

    def accept(self) -> ErrorCode | None:
        """The kiosk has journaled the grant."""
        return self._move("accepted", frozenset({"granted"}))

    def is_for(self, member: UUID, points: int) -> bool:
        """Tell whether a kiosk speaks of the lease that it was given."""
        return (member, points) == (self.member, self.points)

    def spend_refusal(self, spend: UUID, member: UUID, reward: UUID, points: int) -> ErrorCode | None:
        """Why this cannot have been spent from this lease; None where it can: once, whole, on what it was asked for."""
        if self.is_ended:
            return self._ended()
        if points > self.rest:
            return ErrorCode.LEASE_OVERSPENT
        is_ours = (spend, reward) == (self.spend, self.reward) and self.is_for(member, points)
        return None if is_ours else ErrorCode.LEASE_DIFFERENT

    def close(self, spent: int) -> ErrorCode | None:
        """The kiosk will spend no more. It must have reported every spend before, because its journal is in order."""
        if self.is_ended:
            return self._ended()
        if spent != self.spent:
            return ErrorCode.LEASE_OVERSPENT
        return self._move("closed", OPEN)

    def write_off(self) -> ErrorCode | None:
        """A person has decided what became of the rest; the kiosk is not listened to any more."""
        return self._move("written_off", OPEN)

    @property
    def is_ended(self) -> bool:
        """Tell whether nothing can be spent from it any more."""
        return self.state not in OPEN

    def _move(self, state: str, before: frozenset[str]) -> ErrorCode | None:
        if self.state not in before:
            return self._ended()
        self.state, self.is_changed = state, True
        return None

    def _ended(self) -> ErrorCode:
        return ErrorCode.LEASE_WRITTEN_OFF if self.state == "written_off" else ErrorCode.LEASE_CLOSED


def deadline_of(now: datetime, first_expiry: datetime | None) -> datetime:
    """Until when a kiosk may spend a lease: never longer than the first of its points is valid."""
    deadline = now + timedelta(seconds=ONLINE_LEASE_S)
    return deadline if first_expiry is None else min(deadline, first_expiry)
