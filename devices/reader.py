"""Contract of a card reader: a thread of its own that reports what happens on the antenna.

Reports come on the reader's thread; whoever takes them only puts them on a queue.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from protocol.errors import ErrorCode
from protocol.events import CardEvidence


@dataclass(frozen=True, slots=True)
class CardTapped:
    """A card was read whole."""

    card: CardEvidence


@dataclass(frozen=True, slots=True)
class CardRefused:
    """Something was held to the reader that cannot be used: `card.torn` or `card.unsupported`."""

    code: ErrorCode


@dataclass(frozen=True, slots=True)
class CardRemoved:
    """The card has left the field."""


@dataclass(frozen=True, slots=True)
class ReaderReady:
    """The reader is open and polling."""


@dataclass(frozen=True, slots=True)
class ReaderMissing:
    """The reader cannot be opened or has gone; it is tried again. `reason` is for the log."""

    reason: str


ReaderReport = CardTapped | CardRefused | CardRemoved | ReaderReady | ReaderMissing
ReportTo = Callable[[ReaderReport], None]


class CardReader(Protocol):
    """A reader that can be started once and stopped once."""

    def start(self) -> None:
        """Begin polling on a thread of its own; returns at once."""

    def stop(self) -> None:
        """End polling and close the device; returns when the thread has ended."""
