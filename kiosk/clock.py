"""The kiosk's clock and its source of randomness: the only file of the kiosk that reads either."""

import ctypes
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

from kiosk.believed import Believed, Reading
from protocol.values import ClockTrust

_TIME_ERROR = 5
_TIMEX_BYTES = 208


class SystemClock:
    """The operating system's time, as far as it is believed. `floor` tells the latest moment that the journal knows."""

    def __init__(self, floor: Callable[[], datetime]) -> None:
        self._floor = floor
        self._believed = Believed.begin(_read(), floor())

    def now(self) -> datetime:
        """See `kiosk.ports.Clock`."""
        now = self._believed.look(_read(), self._floor())
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """See `kiosk.ports.Clock`."""
        return time.monotonic()

    def trust(self) -> ClockTrust:
        """See `kiosk.ports.Clock`."""
        self.now()
        return self._believed.trust

    def hear(self, at: datetime) -> None:
        """Take the hub's time."""
        self._believed.hear(at, _read())


def wall_time() -> datetime:
    """The wall clock before anything is known that speaks for it or against it."""
    return _read().wall


def system_random(size: int) -> bytes:
    """Random bytes of the operating system."""
    return os.urandom(size)


def _read() -> Reading:
    return Reading(datetime.now(UTC), time.monotonic(), _is_disciplined())


def _is_disciplined() -> bool:
    # adjtimex(2) with no modes only reads; it answers TIME_ERROR while the clock is not synchronised.
    try:
        answer: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return 0 <= answer < _TIME_ERROR
