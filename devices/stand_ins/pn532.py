"""A PN532 on a pseudo-terminal: nfcpy's real serial driver runs against it without hardware (NXP UM0701-02).

It knows the commands that nfcpy uses to read Type A cards, and can be unplugged. Times on the air are not modelled.
"""

import os
import pty
import select
import termios
import tty
from threading import Thread
from typing import Self

from devices.stand_ins.activation import (
    ANTICOLLISION,
    REQA,
    SAK_INCOMPLETE,
    SELECT,
    SELECT_WHOLE,
    cascade_levels,
)
from devices.stand_ins.field import Field
from devices.stand_ins.pn532_frames import ACK, crc_a, make_frame, take_commands

_FIRMWARE = bytes.fromhex("32010607")
_TIMED_OUT = b"\x01"
_DONE = b"\x00"
_RX_MODE = b"\x63\x03"
_RX_CHECKS_CRC = 0x80
_FIFO_DATA = b"\x63\x39"
_RF_FIELD = 0x01
_READ_MAX_BYTES = 4096


class Pn532:
    """A reader on a serial line, with a field of its own at the other end. `port` is the line's device."""

    def __init__(self, field: Field) -> None:
        self._field = field
        self._registers: dict[bytes, int] = {}
        self._garbled = False
        self._master, self._slave = pty.openpty()
        for end in (self._master, self._slave):
            tty.setraw(end, termios.TCSANOW)
        self.port = os.ttyname(self._slave)
        self._wake_read, self._wake_write = os.pipe()
        self._thread = Thread(target=self._serve, name="pn532", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    def unplug(self) -> None:
        """Pull the plug: the serial line is gone for whoever has it open. Once is enough, twice does no harm."""
        if self._thread.is_alive():
            os.write(self._wake_write, b"\0")
            self._thread.join()
            for descriptor in (self._master, self._slave, self._wake_read, self._wake_write):
                os.close(descriptor)

    def garble_next(self) -> None:
        """Spoil the next answer on the serial line, as interference does."""
        self._garbled = True

    def _serve(self) -> None:
        buffer = b""
        while True:
            ready, _, _ = select.select([self._master, self._wake_read], [], [])
            if self._wake_read in ready:
                return
            buffer += os.read(self._master, _READ_MAX_BYTES)
            commands, buffer = take_commands(buffer)
            for code, data in commands:
                answer = ACK + make_frame(bytes([code + 1]) + self._answer(code, data))
                os.write(self._master, answer[::-1] if self._garbled else answer)
                self._garbled = False

    def _answer(self, code: int, data: bytes) -> bytes:
        answer = b""
        match code:
            case 0x00:
                answer = data
            case 0x02:
                answer = _FIRMWARE
            case 0x06:
                answer = bytes(self._register(data[at : at + 2]) for at in range(0, len(data), 2))
            case 0x08:
                self._registers |= {data[at : at + 2]: data[at + 2] for at in range(0, len(data), 3)}
            case 0x16:
                answer = _DONE
            case 0x32 if data[0] == _RF_FIELD:
                self._field.drop()
            case 0x42:
                answer = self._communicate(data)
            case 0x4A:
                answer = self._find_card(data)
        return answer

    def _register(self, address: bytes) -> int:
        """The queue still holds the request when no card has answered it; nfcpy looks there."""
        return self._registers.get(address, REQA[0] if address == _FIFO_DATA else _RX_CHECKS_CRC)

    def _communicate(self, command: bytes) -> bytes:
        answer = self._field.exchange(command)
        if answer is None:
            return _TIMED_OUT
        checked = self._register(_RX_MODE) & _RX_CHECKS_CRC or len(answer) == 1
        return _DONE + (answer if checked else answer + crc_a(answer))

    def _find_card(self, data: bytes) -> bytes:
        """InListPassiveTarget: switch the field on, ask, and select what answers, at 106 kbit/s Type A only."""
        self._field.drop()
        self._registers[_RX_MODE] = _RX_CHECKS_CRC
        atqa = self._field.exchange(REQA) if data[1] == 0 else None
        selected = self._select() if atqa else None
        if atqa is None or selected is None:
            return b"\x00"
        uid, sak = selected
        if data[2:] not in (b"", b"".join(part[:-1] for part in cascade_levels(uid))):
            return b"\x00"
        return b"\x01\x01" + atqa[::-1] + bytes([sak, len(uid)]) + uid

    def _select(self) -> tuple[bytes, int] | None:
        uid = b""
        for level in SELECT:
            shown = self._field.exchange(bytes([level, ANTICOLLISION]))
            sak = shown and self._field.exchange(bytes([level, SELECT_WHOLE]) + shown)
            if not shown or not sak:
                return None
            if not sak[0] & SAK_INCOMPLETE:
                return uid + shown[:4], sak[0]
            uid += shown[1:4]
        return None
