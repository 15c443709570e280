"""Waits until something holds, and says what did not."""

import time
from collections.abc import Callable

PROMPT_S = 10.0
POLL_S = 0.01


class BoxError(Exception):
    """Something in a box is not as it must be. The box's logs say more."""


def until(holds: Callable[[], bool], what: str, timeout_s: float = PROMPT_S) -> float:
    """Wait until something holds; returns how long that took, in milliseconds.

    Raises:
        BoxError: it does not hold in time.
    """
    began = time.monotonic()
    while not holds():
        if time.monotonic() - began > timeout_s:
            raise BoxError(f"{what} did not come within {timeout_s:.0f} s")
        time.sleep(POLL_S)
    return (time.monotonic() - began) * 1000


def expect(found: object, expected: object, what: str) -> None:
    """Insist on something.

    Raises:
        BoxError: it is not so.
    """
    if found != expected:
        raise BoxError(f"{what}: {found!r} instead of {expected!r}")
