"""Pure rules of leases: what may be granted, and what a kiosk's reports may do to a lease."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from protocol.errors import ErrorCode

ONLINE_LEASE_S = 600
"""How long a kiosk may spend a lease that it asked for while a member stood in front of it."""

OPEN = frozenset({"granted", "accepted"})
"""States in which a kiosk may still hold what it was lent."""


@dataclass(slots=True, kw_only=True)
class Loan(ABC):
    """What every lease has, whatever is lent."""

    kiosk: str
    number: int
    epoch: UUID
    spent: int
    state: str
    deadline: datetime
    recalled_at: datetime | None
    is_new: bool = False
    is_changed: bool = False

    @property
    @abstractmethod
    def amount(self) -> int:
        """How much was lent."""

    @property
    def rest(self) -> int:
        """What is still lent."""
        return self.amount - self.spent

    @property
    def is_ended(self) -> bool:
        """Tell whether nothing can be spent from it any more."""
        return self.state not in OPEN

    @property
    def ended(self) -> ErrorCode:
        """Why nothing more can happen to it."""
        return ErrorCode.LEASE_WRITTEN_OFF if self.state == "written_off" else ErrorCode.LEASE_CLOSED

    def accept(self) -> ErrorCode | None:
        """The kiosk has journaled the grant."""
        return self._move("accepted", frozenset({"granted"}))

    def close(self, spent: int) -> ErrorCode | None:
        """The kiosk will spend no more. It must have reported every spend before, because its journal is in order."""
        if self.is_ended:
            return self.ended
        if spent != self.spent:
            return ErrorCode.LEASE_OVERSPENT
        return self._move("closed", OPEN)

    def write_off(self) -> ErrorCode | None:
        """A person has decided what became of the rest; the kiosk is not listened to any more."""
        return self._move("written_off", OPEN)

    def recall(self, now: datetime) -> bool:
        """It is wanted elsewhere; tells whether the kiosk is to be told, which it is once."""
        if self.is_ended or self.recalled_at is not None:
            return False
        self.recalled_at, self.is_changed = now, True
        return True

    def take(self, amount: int) -> None:
        """Count what was spent; that it may be was asked before."""
        assert 0 < amount <= self.rest, "no more is spent than was lent"
        self.spent += amount
        self.is_changed = True

    def _move(self, state: str, before: frozenset[str]) -> ErrorCode | None:
        if self.state not in before:
            return self.ended
        self.state, self.is_changed = state, True
        return None


@dataclass(slots=True, kw_only=True)
class LeaseState(Loan):
    """A lease of points as a booking sees it; without a reward it was lent ahead."""

    member: UUID
    reward: UUID | None
    spend: UUID
    points: int

    @property
    def amount(self) -> int:
        """How many points were lent."""
        return self.points

    def is_for(self, member: UUID, points: int) -> bool:
        """Tell whether a kiosk speaks of the lease that it was given."""
        return (member, points) == (self.member, self.points)

    def spend_refusal(self, spend: UUID, member: UUID, reward: UUID, points: int) -> ErrorCode | None:
        """Why this cannot have been spent from this lease; None where it can.

        What was asked for is spent once, whole, on what it was asked for; what was lent ahead, on anything.
        """
        if self.is_ended:
            return self.ended
        if points > self.rest:
            return ErrorCode.LEASE_OVERSPENT
        if self.reward is None:
            is_ours = member == self.member and points > 0
        else:
            is_ours = (spend, reward) == (self.spend, self.reward) and self.is_for(member, points)
        return None if is_ours else ErrorCode.LEASE_DIFFERENT


@dataclass(slots=True, kw_only=True)
class StockState(Loan):
    """A lease of pieces as a booking sees it."""

    reward: UUID
    pieces: int
    missing: int = 0

    @property
    def amount(self) -> int:
        """How many pieces were lent."""
        return self.pieces

    @property
    def returnable(self) -> int:
        """How many pieces come back into the stock: none that the stock did not have to give."""
        return max(0, self.rest - self.missing)

    def is_for(self, reward: UUID, pieces: int) -> bool:
        """Tell whether a kiosk speaks of the lease that it was given."""
        return (reward, pieces) == (self.reward, self.pieces)

    def piece_refusal(self, reward: UUID) -> ErrorCode | None:
        """Why no piece of this lease can have been given out; None where it can."""
        if self.is_ended:
            return self.ended
        if self.reward != reward:
            return ErrorCode.LEASE_DIFFERENT
        return None if self.rest else ErrorCode.LEASE_OVERSPENT


def deadline_of(now: datetime, first_expiry: datetime | None, lasts: timedelta | None = None) -> datetime:
    """Until when a kiosk may spend a lease: never longer than the first of its points is valid."""
    deadline = now + (timedelta(seconds=ONLINE_LEASE_S) if lasts is None else lasts)
    return deadline if first_expiry is None else min(deadline, first_expiry)
