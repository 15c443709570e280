"""Pure rules of the line: where a kiosk's next event must stand, and when it counts as having happened."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from hub.intake import Place
from protocol.chain import GENESIS
from protocol.values import ClockTrust


class Step(StrEnum):
    """How an event stands to what is already booked of its stream."""

    NEXT = "next"
    KNOWN = "known"
    GAP = "gap"
    BROKEN = "broken"
    FORKED = "forked"


@dataclass(slots=True)
class StreamState:
    """One epoch of a kiosk's journal as a booking sees it. Up to `lost_upto` there are gaps of what nobody knows."""

    kiosk: str
    epoch: UUID
    state: str
    upto: int
    hash: bytes
    effective_at: datetime
    lost_upto: int = 0
    is_new: bool = False
    is_changed: bool = False

    @classmethod
    def first(cls, kiosk: str, epoch: UUID, *, state: str, now: datetime) -> "StreamState":
        """A stream of which nothing is booked yet."""
        return cls(kiosk, epoch, state, 0, GENESIS, now, is_new=True, is_changed=True)

    def step(self, place: Place) -> Step:
        """Say whether an event is the next one, already booked, after a gap, or from another history."""
        if place.seq == self.upto and place.head != self.hash:
            return Step.FORKED
        if place.seq <= self.upto:
            return Step.KNOWN
        if place.seq > self.upto + 1:
            return Step.GAP
        return Step.NEXT if place.previous == self.hash else Step.BROKEN

    def effective(self, occurred_at: datetime, clock: ClockTrust, received_at: datetime) -> datetime:
        """When an event counts as having happened.

        As its kiosk says, but never before the event ahead of it and never later than it was received. A kiosk that
        does not know the time is not asked for it.
        """
        if clock == "none":
            return received_at
        return max(min(occurred_at, received_at), min(self.effective_at, received_at))

    def pass_over(self, upto: int, head: bytes) -> None:
        """Go on after events that nobody has any more."""
        assert upto > self.upto, "nothing that is booked is passed over"
        self.upto, self.hash, self.lost_upto, self.is_changed = upto, head, upto, True

    def fork(self) -> None:
        """Take nothing more: this journal and the one we know went different ways (a copied or restored disk)."""
        self.state, self.is_changed = "forked", True

    def advance(self, place: Place, effective_at: datetime) -> None:
        """Take an event as booked."""
        assert place.seq == self.upto + 1, "events are booked in order"
        self.upto, self.hash, self.effective_at = place.seq, place.head, effective_at
        self.is_changed = True
