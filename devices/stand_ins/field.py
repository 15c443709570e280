"""The field of one antenna: who is in it, and frames in and out. Safe to use from several threads."""

from collections.abc import Callable
from threading import Lock
from typing import Protocol


class Card(Protocol):
    """Bytes in, bytes out: whatever can be brought into a field."""

    @property
    def uid(self) -> bytes:
        """Identifier that the card shows."""

    def power_off(self) -> None:
        """Lose the field."""

    def receive(self, frame: bytes) -> bytes | None:
        """Answer one frame, or stay silent."""


class Field:
    """Holds at most one card."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._arrived: Callable[[], None] = _nobody_waits
        self._card: Card | None = None
        self._frames_left: int | None = None

    @property
    def card(self) -> Card | None:
        """The card on the antenna."""
        return self._card

    def place(self, card: Card, *, leaves_after_frames: int | None = None) -> None:
        """Lay a card on the antenna, instead of one that lies there. It can be made to leave in mid-conversation."""
        with self._lock:
            card.power_off()
            self._card = card
            self._frames_left = leaves_after_frames
        self._arrived()

    def watch(self, arrived: Callable[[], None]) -> None:
        """Name the one who is told, on the thread that placed it, whenever a card has come."""
        self._arrived = arrived

    def remove(self, card: Card | None = None) -> None:
        """Take the card away; if one is named, only that one."""
        with self._lock:
            if card is None or card is self._card:
                self._card = None

    def drop(self) -> None:
        """Switch the field off and on again: a card that lies there starts anew."""
        with self._lock:
            if self._card is not None:
                self._card.power_off()

    def exchange(self, frame: bytes) -> bytes | None:
        """Send a frame from the reader; None if nothing answers."""
        with self._lock:
            if self._card is None or not self._reached():
                return None
            return self._card.receive(frame)

    def _reached(self) -> bool:
        """Count a frame towards the moment at which the card leaves."""
        if self._frames_left is None:
            return True
        if self._frames_left == 0:
            self._card = None
            return False
        self._frames_left -= 1
        return True


def _nobody_waits() -> None:
    """No transport is attached."""
