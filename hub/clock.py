"""The hub's clock and its source of randomness: the only file of the hub that reads either."""

import os
import time
from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Tells the time, aware and in UTC."""


def utc_now() -> datetime:
    """The time now, to the millisecond, which is what goes on the wire."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def system_random(size: int) -> bytes:
    """Random bytes of the operating system."""
    return os.urandom(size)


def monotonic_s() -> float:
    """Seconds since some moment; they never go back."""
    return time.monotonic()
