"""How far the wall clock is believed. Pure: readings and what else is known of the time are passed in.

A wall clock can be set by anybody, jump, stand in 1970 after a night without current, or run a year ahead. What only
grows is the monotonic clock, while the program runs, and what the journal knows: nothing happens before its last event,
or before the hub's last word.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from protocol.values import ClockTrust

PACE_S = 60.0
"""How far wall and monotonic clock may part before the wall clock has jumped."""

AGREES_S = 120.0
"""How near to the hub's time a clock has to be, for the hub's word to make up for what spoke against it."""

STALE_MAX = timedelta(days=8)
"""How old the hub's word may be when it comes: the broker keeps it a week. A clock further ahead of it is wrong."""

NEVER = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look at both clocks; `disciplined` where the kernel says that something keeps the wall clock right."""

    wall: datetime
    monotonic: float
    disciplined: bool


@dataclass(slots=True)
class Believed:
    """The time that a kiosk goes by, and where it comes from. Made by `Believed.begin`."""

    _base: datetime
    _base_monotonic: float
    _trust: ClockTrust = "rtc"
    _floor: datetime = NEVER
    _heard: datetime = NEVER
    _wrong_until: datetime = NEVER
    """What the journal knows is wrong up to here: it was written by a clock that ran ahead."""

    @classmethod
    def begin(cls, reading: Reading, floor: datetime) -> "Believed":
        """Begin with the first reading; `floor` is the latest moment that the journal knows of."""
        believed = cls(max(reading.wall, floor), reading.monotonic)
        believed.look(reading, floor)
        return believed

    @property
    def trust(self) -> ClockTrust:
        """Where the time came from at the last look."""
        return self._trust

    def look(self, reading: Reading, floor: datetime) -> datetime:
        """What time it is: never below `floor`, unless the hub has said that the journal was wrong."""
        self._floor = self._heard if floor <= self._wrong_until else floor
        expected = self._base + timedelta(seconds=reading.monotonic - self._base_monotonic)
        self._trust = self._judge(reading, expected)
        now = max(expected if self._trust == "none" else reading.wall, self._floor)
        if self._trust != "rtc":
            # While only pace speaks for the clock it is measured from one start, or it could creep away in small steps.
            self._base, self._base_monotonic = now, reading.monotonic
        return now

    def hear(self, at: datetime, reading: Reading) -> None:
        """Take the hub's time: where the wall clock agrees it is believed again, where it cannot be right it is not."""
        ahead = reading.wall - at
        if abs(ahead.total_seconds()) <= AGREES_S:
            if self._floor > reading.wall:
                self._wrong_until = self._floor
            self._heard = max(self._heard, min(at, reading.wall))
            self._trust = "rtc"
            self._base, self._base_monotonic = reading.wall, reading.monotonic
        elif ahead > STALE_MAX:
            self._trust = "none"
            self._base, self._base_monotonic = at, reading.monotonic

    def _judge(self, reading: Reading, expected: datetime) -> ClockTrust:
        if reading.wall < self._floor - timedelta(seconds=PACE_S):
            return "none"
        if reading.disciplined:
            return "ntp"
        has_jumped = abs((reading.wall - expected).total_seconds()) > PACE_S
        return "none" if has_jumped or self._trust == "none" else "rtc"
