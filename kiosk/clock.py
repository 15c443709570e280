"""The kiosk's clock and its source of randomness: the only file of the kiosk that reads either."""

import ctypes
import os
import time
from datetime import UTC, datetime

from protocol.values import ClockTrust

_TIME_ERROR = 5
_TIMEX_BYTES = 208


class SystemClock:
    """The operating system's time."""

    def now(self) -> datetime:
        """See `kiosk.ports.Clock`."""
        now = datetime.now(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    def monotonic(self) -> float:
        """See `kiosk.ports.Clock`."""
        return time.monotonic()

    def trust(self) -> ClockTrust:
        """Believe the clock as far as the kernel does: `ntp` while something disciplines it, else `rtc`."""
        return "ntp" if _is_disciplined() else "rtc"


def system_random(size: int) -> bytes:
    """Random bytes of the operating system."""
    return os.urandom(size)


def _is_disciplined() -> bool:
    # adjtimex(2) with no modes only reads; it answers TIME_ERROR while the clock is not synchronised.
    try:
        answer: int = ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(_TIMEX_BYTES))
    except (OSError, AttributeError):
        return False
    return 0 <= answer < _TIME_ERROR
