"""Frames between a host and a PN532 (NXP UM0701-02, section 6.2.1), and the CRC that the chip leaves to its host."""

ACK = bytes.fromhex("0000FF00FF00")

_START = b"\x00\xff"
_EXTENDED = b"\xff\xff"
_ACKNOWLEDGEMENTS = (b"\x00\xff", b"\xff\x00")
_NORMAL_MAX_BYTES = 254
_FROM_CHIP = 0xD5
_CRC_START = 0x6363


def make_frame(payload: bytes) -> bytes:
    """Frame what the chip has to say: response code and data."""
    data = bytes([_FROM_CHIP]) + payload
    size = len(data)
    if size <= _NORMAL_MAX_BYTES:
        head = bytes([size, -size & 0xFF])
    else:
        head = _EXTENDED + size.to_bytes(2, "big") + bytes([-(size // 256 + size) & 0xFF])
    return b"\x00" + _START + head + data + bytes([-sum(data) & 0xFF, 0])


def take_commands(received: bytes) -> tuple[list[tuple[int, bytes]], bytes]:
    """Take whole commands, as code and data, off what has come; the rest is kept for later.

    A frame whose checksums are wrong is passed over, as the chip does: its host will time out and go on.
    """
    commands: list[tuple[int, bytes]] = []
    while (start := received.find(_START)) >= 0:
        rest = received[start + len(_START) :]
        extended = rest[:2] == _EXTENDED
        lengths = rest[2:5] if extended else rest[:2]
        if len(lengths) < 2 + extended:
            return commands, received[start:]
        head, size = 2 + 3 * extended, int.from_bytes(lengths[:-1], "big")
        if rest[:2] in _ACKNOWLEDGEMENTS or _spoiled(lengths):
            received = rest[2:]
            continue
        if len(rest) < head + size + 1:
            return commands, received[start:]
        received = rest[head + size + 1 :]
        if size >= 2 and not _spoiled(rest[head : head + size + 1]):
            commands.append((rest[head + 1], rest[head + 2 : head + size]))
    return commands, received


def _spoiled(checked: bytes) -> bool:
    """Tell whether bytes that end with their checksum add up to anything but zero."""
    return sum(checked) & 0xFF != 0


def crc_a(data: bytes) -> bytes:
    """Check bytes of a Type A frame (ISO/IEC 14443-3, annex B)."""
    crc = _CRC_START
    for byte in data:
        mixed = byte ^ crc & 0xFF
        mixed ^= mixed << 4 & 0xFF
        crc = crc >> 8 ^ mixed << 8 ^ mixed << 3 ^ mixed >> 4
    return (crc & 0xFFFF).to_bytes(2, "little")
