"""How a card with an ISO/IEC 14443-3 Type A interface is found and selected, before it takes commands of its own.

Frames are bytes without parity and CRC, as nfcpy's `udp` driver and the PN532 hand them over. None means silence.
"""

from abc import ABC, abstractmethod
from enum import Enum, auto
from functools import reduce
from operator import xor

REQA = b"\x26"
WUPA = b"\x52"
HLTA = b"\x50\x00"
SELECT = (0x93, 0x95, 0x97)
"""First byte of anticollision and select, by cascade level."""
ANTICOLLISION = 0x20
SELECT_WHOLE = 0x70
CASCADE_TAG = 0x88
SAK_INCOMPLETE = 0x04


class _State(Enum):
    IDLE = auto()
    READY = auto()
    ACTIVE = auto()
    HALTED = auto()


class TypeACard(ABC):
    """A card in a reader's field. `atqa` and `sak` tell the reader what kind of card it is."""

    def __init__(self, uid: bytes, *, atqa: bytes, sak: int) -> None:
        if len(uid) not in (4, 7, 10):
            raise ValueError("a UID has 4, 7 or 10 bytes")
        self._uid = uid
        self.atqa = atqa
        self.sak = sak
        self._state = _State.IDLE
        self._level = 0

    @property
    def uid(self) -> bytes:
        """Identifier that the card shows while it is being selected."""
        return self._uid

    def power_off(self) -> None:
        """Lose the field: everything that is not in the card's memory is forgotten."""
        self._state = _State.IDLE
        self._reset()

    def receive(self, frame: bytes) -> bytes | None:
        """Answer one frame, or stay silent."""
        match self._state:
            case _State.IDLE | _State.HALTED:
                return self._wake(frame)
            case _State.READY:
                return self._come_closer(frame)
            case _State.ACTIVE if frame != HLTA:
                return self._command(frame)
        self._halt()
        return None

    @abstractmethod
    def _command(self, frame: bytes) -> bytes | None:
        """Answer a frame that came after the card was selected."""

    @abstractmethod
    def _reset(self) -> None:
        """Forget what does not outlive the field."""

    def _sleep(self) -> None:
        """Fall back to waiting, as a card does after a command that it refuses."""
        self._state = _State.IDLE

    def _halt(self) -> None:
        self._state = _State.HALTED

    def _wake(self, frame: bytes) -> bytes | None:
        if frame == WUPA or (frame == REQA and self._state is _State.IDLE):
            self._state, self._level = _State.READY, 0
            return self.atqa
        return None

    def _come_closer(self, frame: bytes) -> bytes | None:
        levels = cascade_levels(self.uid)
        shown = levels[self._level]
        if frame == bytes([SELECT[self._level], ANTICOLLISION]):
            return shown
        if frame != bytes([SELECT[self._level], SELECT_WHOLE]) + shown:
            self._sleep()
            return None
        self._level += 1
        if self._level < len(levels):
            return bytes([SAK_INCOMPLETE])
        self._state = _State.ACTIVE
        return bytes([self.sak])


def cascade_levels(uid: bytes) -> list[bytes]:
    """Split a UID into what is shown at each cascade level, each part with its check byte (ISO/IEC 14443-3, 6.5.4)."""
    parts = []
    while len(uid) > 4:
        parts.append(bytes([CASCADE_TAG]) + uid[:3])
        uid = uid[3:]
    return [part + bytes([reduce(xor, part)]) for part in (*parts, uid)]
