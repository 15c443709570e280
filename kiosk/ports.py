"""Where the kiosk touches the world: time, randomness, its key, its line. Passed in, so that tests can be the world."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from protocol.values import ClockTrust
from provisioning.mqtt import Message

RandomBytes = Callable[[int], bytes]
"""Draws that many random bytes."""

Signer = Callable[[bytes], str]
"""Signs with the device key: DER in base 64."""


class Clock(Protocol):
    """The kiosk's time."""

    def now(self) -> datetime:
        """Wall-clock time in UTC, to the millisecond. It may be wrong; `trust` says how far to believe it."""

    def monotonic(self) -> float:
        """Seconds that only grow; what waiting and idling are measured by."""

    def trust(self) -> ClockTrust:
        """Where the wall-clock time comes from."""


class Uplink(Protocol):
    """The line to the hub, as the conductor uses it."""

    @property
    def connection(self) -> int:
        """Number of the connection that is up or being made."""

    def publish(self, message: Message) -> bool:
        """Hand a message to the broker; False while there is no connection."""
