"""Software NTAG213, 215 and 216 (NXP NTAG21x data sheet, rev. 3.2): memory, password, counter and signature.

Lock bits are stored but not enforced.
"""

from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple

from devices.stand_ins.activation import TypeACard, cascade_levels

PAGE_BYTES = 4
ACK = b"\x0a"
NAK_ARGUMENT = b"\x00"
NAK_ATTEMPTS = b"\x04"

_FIRST_USER_PAGE = 4
_PROTECT_READING = 0x80
_COUNT_READINGS = 0x10
_ATTEMPTS_MASK = 0x07
_ONLY_SET_PAGES = (2, 3)
"""Lock bytes and capability container: bits can be set but never cleared."""


class _Layout(NamedTuple):
    pages: int
    storage_code: int
    ndef_size_code: int
    config_page: int


class Model(Enum):
    """The three sizes, with where their configuration lies."""

    NTAG213 = _Layout(45, 0x0F, 0x12, 41)
    NTAG215 = _Layout(135, 0x11, 0x3E, 131)
    NTAG216 = _Layout(231, 0x13, 0x6D, 227)


@dataclass(frozen=True, slots=True)
class Protection:
    """Which pages need the password: for writing from `from_page` on, for reading too if `reading`."""

    password: bytes = b"\xff\xff\xff\xff"
    acknowledge: bytes = b"\x00\x00"
    from_page: int = 0xFF
    reading: bool = False
    attempts_max: int = 0


class Ntag21xCard(TypeACard):
    """A card whose content is an NDEF message in plain memory."""

    def __init__(
        self,
        uid: bytes,
        ndef: bytes,
        *,
        model: Model = Model.NTAG213,
        protection: Protection = Protection(),
        signature: bytes = bytes(32),
    ) -> None:
        super().__init__(uid, atqa=b"\x44\x00", sak=0x00)
        self._layout = model.value
        self._memory = bytearray(self._layout.pages * PAGE_BYTES)
        self._signature = signature
        self._readings = 0
        self._failures = 0
        self._format(ndef, protection)
        self._reset()

    def _command(self, frame: bytes) -> bytes | None:
        answer = self._answer(frame[0], frame[1:])
        if answer is None or answer in (NAK_ARGUMENT, NAK_ATTEMPTS):
            self._sleep()
        return answer

    def _answer(self, command: int, argument: bytes) -> bytes | None:
        answer: bytes | None = None
        match command:
            case 0x30:
                answer = self._read(argument)
            case 0x3A:
                answer = self._fast_read(argument)
            case 0xA2:
                answer = self._write(argument)
            case 0x1B:
                answer = self._authenticate(argument)
            case 0x39:
                answer = self._readings.to_bytes(3, "little")
            case 0x3C:
                answer = self._signature
            case 0x60:
                answer = bytes([0, 4, 4, 2, 1, 0, self._layout.storage_code, 3])
        return answer

    def _reset(self) -> None:
        """A changed configuration takes effect from here: the chip reads it only when it gets power."""
        start = self._layout.config_page * PAGE_BYTES
        config = self._memory[start : start + 4 * PAGE_BYTES]
        self._first_protected = config[3]
        self._access = config[4]
        self._password = bytes(config[8:12])
        self._acknowledge = bytes(config[12:14])
        self._authenticated = False
        self._counted = False

    def _read(self, argument: bytes) -> bytes:
        readable = self._readable_pages()
        if len(argument) != 1 or argument[0] >= readable:
            return NAK_ARGUMENT
        self._count()
        return b"".join(self._page((argument[0] + step) % readable) for step in range(4))

    def _fast_read(self, argument: bytes) -> bytes:
        if len(argument) != 2 or not argument[0] <= argument[1] < self._readable_pages():
            return NAK_ARGUMENT
        self._count()
        return b"".join(map(self._page, range(argument[0], argument[1] + 1)))

    def _write(self, argument: bytes) -> bytes:
        page, data = argument[0] if argument else 0, argument[1:]
        allowed = 2 <= page < self._layout.pages and (self._authenticated or page < self._first_protected)
        if len(data) != PAGE_BYTES or not allowed:
            return NAK_ARGUMENT
        start = page * PAGE_BYTES
        kept = self._memory[start : start + PAGE_BYTES] if page in _ONLY_SET_PAGES else bytes(PAGE_BYTES)
        self._memory[start : start + PAGE_BYTES] = bytes(old | new for old, new in zip(kept, data, strict=True))
        return ACK

    def _authenticate(self, password: bytes) -> bytes:
        attempts_max = self._access & _ATTEMPTS_MASK
        if attempts_max and self._failures >= attempts_max:
            return NAK_ATTEMPTS
        if password != self._password:
            self._failures += 1
            return NAK_ARGUMENT
        self._failures = 0
        self._authenticated = True
        return self._acknowledge

    def _readable_pages(self) -> int:
        closed = self._access & _PROTECT_READING and not self._authenticated
        return min(self._layout.pages, self._first_protected) if closed else self._layout.pages

    def _page(self, page: int) -> bytes:
        secret = page - self._layout.config_page in (2, 3)
        return bytes(PAGE_BYTES) if secret else bytes(self._memory[page * PAGE_BYTES : (page + 1) * PAGE_BYTES])

    def _count(self) -> None:
        """The counter counts activations in which something was read, not readings."""
        if not self._counted and self._access & _COUNT_READINGS:
            self._readings += 1
            self._counted = True

    def _format(self, ndef: bytes, protection: Protection) -> None:
        content = _tlv(ndef)
        if len(content) > self._layout.ndef_size_code * 8:
            raise ValueError("the NDEF message does not fit on this model")
        first, last = cascade_levels(self.uid)
        self._store(0, self.uid[:3] + bytes([first[4]]) + last + b"\x48\x00\x00")
        self._store(3, bytes([0xE1, 0x10, self._layout.ndef_size_code, 0x00]))
        self._store(_FIRST_USER_PAGE, content)
        access = _COUNT_READINGS | protection.attempts_max | (_PROTECT_READING if protection.reading else 0)
        config = bytes([0x04, 0, 0, protection.from_page, access, 0x05, 0, 0])
        self._store(self._layout.config_page, config + protection.password + protection.acknowledge)

    def _store(self, page: int, data: bytes) -> None:
        self._memory[page * PAGE_BYTES : page * PAGE_BYTES + len(data)] = data


def _tlv(ndef: bytes) -> bytes:
    """Wrap an NDEF message for a Type 2 Tag, with its end mark."""
    size = bytes([len(ndef)]) if len(ndef) < 0xFF else b"\xff" + len(ndef).to_bytes(2, "big")
    return b"\x03" + size + ndef + b"\xfe"
