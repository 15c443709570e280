"""The card's side of ISO-DEP (ISO/IEC 14443-4): blocks, chaining both ways, retransmission and presence checks.

A card asks for no waiting time and takes no CID or NAD; nfcpy sends neither.
"""

from abc import abstractmethod

from devices.stand_ins.activation import TypeACard

FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)
"""Bytes in a frame by FSCI or FSDI, with block byte and CRC (table 5 of part 4)."""

_RATS = 0xE0
_I_BLOCK = 0x02
_R_ACK = 0xA2
_R_NAK = 0xB2
_DESELECT = b"\xc2"
_CHAINING = 0x10
_NUMBER = 0x01
_OVERHEAD_BYTES = 3


class IsoDepCard(TypeACard):
    """A card that answers APDUs. `ats` is its answer to select, sent whole."""

    def __init__(self, uid: bytes, *, atqa: bytes, sak: int, ats: bytes) -> None:
        super().__init__(uid, atqa=atqa, sak=sak)
        self._ats = ats
        self._reset()

    @abstractmethod
    def _apdu(self, command: bytes) -> bytes:
        """Answer a whole command with data and status."""

    @abstractmethod
    def _leave(self) -> None:
        """Forget what belongs to a session between reader and application."""

    def _reset(self) -> None:
        self._frame_bytes = 0
        self._number = 1
        self._incoming = b""
        self._outgoing = b""
        self._last = b""
        self._leave()

    def _command(self, frame: bytes) -> bytes | None:
        if not self._frame_bytes:
            return self._select_protocol(frame)
        if frame == _DESELECT:
            self._reset()
            self._halt()
            return _DESELECT
        kind = frame[0] & ~(_CHAINING | _NUMBER)
        if kind == _I_BLOCK:
            return self._information(frame)
        if frame[0] & ~_NUMBER in (_R_ACK, _R_NAK) and len(frame) == 1:
            return self._acknowledgement(frame[0])
        return None

    def _select_protocol(self, frame: bytes) -> bytes | None:
        if len(frame) != 2 or frame[0] != _RATS:
            self._sleep()
            return None
        self._frame_bytes = FRAME_SIZES[min(frame[1] >> 4, len(FRAME_SIZES) - 1)]
        return self._ats

    def _information(self, frame: bytes) -> bytes:
        self._number ^= 1
        self._incoming += frame[1:]
        if frame[0] & _CHAINING:
            return self._send(bytes([_R_ACK | self._number]))
        command, self._incoming = self._incoming, b""
        self._outgoing = self._apdu(command)
        return self._next_block()

    def _acknowledgement(self, block: int) -> bytes | None:
        """Rules 11 to 13 of section 7.5.4: repeat, tell that nothing had come, or go on chaining."""
        if block & _NUMBER == self._number and self._last:
            return self._last
        if block & ~_NUMBER == _R_NAK:
            return bytes([_R_ACK | self._number])
        if not self._outgoing:
            return None
        self._number ^= 1
        return self._next_block()

    def _next_block(self) -> bytes:
        room = self._frame_bytes - _OVERHEAD_BYTES
        part, self._outgoing = self._outgoing[:room], self._outgoing[room:]
        chaining = _CHAINING if self._outgoing else 0
        return self._send(bytes([_I_BLOCK | chaining | self._number]) + part)

    def _send(self, block: bytes) -> bytes:
        self._last = block
        return block
