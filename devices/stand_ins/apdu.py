"""Commands to a smart card (ISO/IEC 7816-4, short form), taken apart; and the status words that answer them."""

from typing import NamedTuple

OK = b"\x90\x00"
WRONG_LENGTH = b"\x67\x00"
NOT_ALLOWED = b"\x69\x85"
NOT_FOUND = b"\x6a\x82"
WRONG_PARAMETERS = b"\x6a\x86"
WRONG_OFFSET = b"\x6b\x00"
UNKNOWN_INSTRUCTION = b"\x6d\x00"
UNKNOWN_CLASS = b"\x6e\x00"

SELECT = 0xA4
READ_BINARY = 0xB0


class Apdu(NamedTuple):
    """One command. `expected` is how many bytes may come back; 0 when none are asked for."""

    cla: int
    ins: int
    p1: int
    p2: int
    data: bytes
    expected: int


def parse(command: bytes) -> Apdu | None:
    """Take a command apart; None if its lengths contradict each other."""
    if len(command) < 4:
        return None
    cla, ins, p1, p2, *_ = command
    body = command[4:]
    data, tail = b"", body
    if len(body) > 1:
        data, tail = body[1 : 1 + body[0]], body[1 + body[0] :]
        if len(data) != body[0]:
            return None
    if len(tail) > 1:
        return None
    return Apdu(cla, ins, p1, p2, data, (tail[0] or 256) if tail else 0)
