"""Seeded time: what is to happen, in order, and the clocks of those whom it happens to. Nothing here sleeps."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush

from kiosk.believed import Believed, Reading
from protocol.values import ClockTrust
from tests.hub.world import START


@dataclass(slots=True)
class Time:
    """What happens when, in order; the same order for the same seed."""

    elapsed: float = 0.0
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0

    def after(self, delay: float, action: Callable[[], None]) -> None:
        """Do something so many seconds from now."""
        self._count += 1
        heappush(self._due, (self.elapsed + delay, self._count, action))

    def run(self, seconds: float) -> None:
        """Let time pass, and everything happen that is due meanwhile."""
        end = self.elapsed + seconds
        while self._due and self._due[0][0] <= end:
            self.elapsed, _number, action = heappop(self._due)
            action()
        self.elapsed = end

    def now(self) -> datetime:
        """The true time."""
        moment = START + timedelta(seconds=self.elapsed)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(slots=True)
class SimClock:
    """A kiosk's clock: right, or wrong by an offset, and believed as the real one is.

    What only grows begins anew with every start of the program.
    """

    time: Time
    offset: timedelta = timedelta()
    is_disciplined: bool = True
    _began_s: float = 0.0
    _floor: Callable[[], datetime] | None = None
    _believed: Believed | None = None

    def start(self, floor: Callable[[], datetime]) -> None:
        """Begin with a program that starts; `floor` tells the latest moment that its journal knows."""
        self._began_s, self._floor = self.time.elapsed, floor
        self._believed = Believed.begin(self._read(), floor())

    def wall(self) -> datetime:
        """The wall clock, whether it is right or not."""
        return self.time.now() + self.offset

    def now(self) -> datetime:
        """See Clock."""
        if self._believed is None or self._floor is None:
            return self.wall()
        now = self._believed.look(self._read(), self._floor())
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """See Clock."""
        return self.time.elapsed - self._began_s

    def trust(self) -> ClockTrust:
        """See Clock."""
        self.now()
        return "none" if self._believed is None else self._believed.trust

    def hear(self, at: datetime) -> None:
        """Take the hub's time."""
        if self._believed is not None:
            self._believed.hear(at, self._read())

    def _read(self) -> Reading:
        return Reading(self.wall(), self.monotonic(), self.is_disciplined)
