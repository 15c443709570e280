"""Where the kiosk touches the world: time, randomness, its key, its line. Passed in, so that tests can be the world."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from protocol.passes import AskPass
from protocol.values import Address, ClockTrust
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


@dataclass(frozen=True, slots=True)
class Question:
    """What one neighbour is asked, and where it answers."""

    giver: str
    address: Address
    ask: AskPass


class Neighbours(Protocol):
    """The store's other kiosks on the local network, as the conductor asks them."""

    @property
    def address(self) -> Address | None:
        """Where they ask this kiosk; None where it has none to do with."""

    def ask(self, spend: UUID, questions: Sequence[Question]) -> None:
        """Ask one after the other until one gives, without waiting; `NoteCame` or `NothingElsewhere` follows."""
