"""The format of a journal file, in bytes. What the bytes mean for documents is the index's business.

    file       header, zeros up to RECORDS_START, records without a gap, zeros up to the end
    header     magic[8], format u32, base i64 (the sequence before the first record), CRC-32 of these u32
    record     marker[4], CRC-32 of the rest u32, payload length u32, sequence i64, payload
    payload    operations: kind u8, table name length u8, number i64, data length u32, table name, data

All numbers are little-endian. A file is only ever appended to, so a later format may add kinds but moves nothing.
"""

import struct
from collections.abc import Iterator, Sequence
from enum import IntEnum
from typing import assert_never
from zlib import crc32

from kiosk.store.errors import RecordTooLargeError
from kiosk.store.limits import DOCUMENT_ID_MAX, DOCUMENT_ID_MIN, RECORD_MAX_BYTES, TABLE_NAME_MAX_BYTES
from kiosk.store.operations import Advance, Clear, Drop, Operation, Put, Remove

FORMAT = 1
MAGIC = b"\x89MTJRNL\n"
MARKER = b"\xf5\xff\xc0\xfa"
"""Begins every record. None of its bytes occurs in UTF-8, so no document can pass for a record."""

RECORDS_START = 512
"""The header has a sector of its own, which is never written again."""

_HEADER = struct.Struct("<8sIq")
_RECORD = struct.Struct("<4sIIq")
_CHECKED = struct.Struct("<Iq")
_OPERATION = struct.Struct("<BBqI")
_CRC = struct.Struct("<I")
_CHECKED_FROM = _RECORD.size - _CHECKED.size

HEADER_BYTES = _HEADER.size + _CRC.size
RECORD_HEADER_BYTES = _RECORD.size
OPERATION_HEADER_BYTES = _OPERATION.size


class Kind(IntEnum):
    """What an operation does, as the file says it."""

    PUT = 1
    REMOVE = 2
    CLEAR = 3
    DROP = 4
    ADVANCE = 5


Part = tuple[int, bytes, int, int, int]
"""One operation inside a record, not decoded: kind, table, number, and where its data starts and stops there."""


def header(base: int) -> bytes:
    """First RECORDS_START bytes of a file whose first record will have the sequence `base + 1`."""
    fields = _HEADER.pack(MAGIC, FORMAT, base)
    return (fields + _CRC.pack(crc32(fields))).ljust(RECORDS_START, b"\0")


def read_header(data: bytes) -> tuple[int, int] | None:
    """Format and base that a header states; None if it is not one of ours or not whole."""
    fields, check = data[: _HEADER.size], data[_HEADER.size : HEADER_BYTES]
    if not fields.startswith(MAGIC) or check != _CRC.pack(crc32(fields)):
        return None
    _, file_format, base = _HEADER.unpack(fields)
    return file_format, base


def encode(sequence: int, operations: Sequence[Operation]) -> bytes:
    """Build a record.

    Raises:
        RecordTooLargeError: something in it is beyond the format.
    """
    payload = b"".join([_encode(operation) for operation in operations])
    if len(payload) > RECORD_MAX_BYTES:
        raise RecordTooLargeError(f"{len(payload)} bytes in one record; the most is {RECORD_MAX_BYTES}")
    checked = _CHECKED.pack(len(payload), sequence) + payload
    return MARKER + _CRC.pack(crc32(checked)) + checked


def record_at(window: memoryview, at: int) -> tuple[int, int] | None:
    """Sequence and end of the record that begins there; None where none does.

    `window` must reach RECORD_HEADER_BYTES beyond `at`. A record whose end lies beyond the window is only a claim;
    one inside it is sound.
    """
    marker, crc, payload_bytes, sequence = _RECORD.unpack_from(window, at)
    if marker != MARKER or not 0 < payload_bytes <= RECORD_MAX_BYTES:
        return None
    end = at + RECORD_HEADER_BYTES + payload_bytes
    if end <= len(window) and crc32(window[at + _CHECKED_FROM : end]) != crc:
        return None
    return sequence, end


def parts(raw: memoryview | bytes) -> Iterator[Part]:
    """Take a sound record apart.

    Raises:
        ValueError: its bytes are no operations of this format.
    """
    at, end = RECORD_HEADER_BYTES, len(raw)
    while at < end:
        if end - at < OPERATION_HEADER_BYTES:
            raise ValueError("an operation is cut off")
        kind, name_bytes, number, data_bytes = _OPERATION.unpack_from(raw, at)
        name_at = at + OPERATION_HEADER_BYTES
        data_at = name_at + name_bytes
        at = data_at + data_bytes
        if at > end:
            raise ValueError("an operation is larger than its record")
        yield kind, bytes(raw[name_at:data_at]), number, data_at, at


def decode(raw: memoryview | bytes) -> list[Operation]:
    """Operations of a sound record, documents included; raises ValueError as `parts` does."""
    return [_decode(part, raw) for part in parts(raw)]


def _decode(part: Part, raw: memoryview | bytes) -> Operation:
    kind, name, number, start, stop = part
    table = name.decode()
    match Kind(kind):
        case Kind.PUT:
            return Put(table, number, bytes(raw[start:stop]))
        case Kind.REMOVE:
            return Remove(table, number)
        case Kind.CLEAR:
            return Clear(table)
        case Kind.DROP:
            return Drop(table)
        case Kind.ADVANCE:
            return Advance(table, number)
        case unknown:
            assert_never(unknown)


def _encode(operation: Operation) -> bytes:
    match operation:
        case Put(table, doc_id, data):
            return _frame(Kind.PUT, table, doc_id, len(data)) + data
        case Remove(table, doc_id):
            return _frame(Kind.REMOVE, table, doc_id, 0)
        case Clear(table):
            return _frame(Kind.CLEAR, table, 0, 0)
        case Drop(table):
            return _frame(Kind.DROP, table, 0, 0)
        case Advance(table, next_id):
            return _frame(Kind.ADVANCE, table, next_id, 0)
        case unknown:
            assert_never(unknown)


def _frame(kind: Kind, table: str, number: int, data_bytes: int) -> bytes:
    name = table.encode()
    if len(name) > TABLE_NAME_MAX_BYTES:
        raise RecordTooLargeError(f"the name of a table has {len(name)} bytes; the most is {TABLE_NAME_MAX_BYTES}")
    # The next id may be one beyond the last that a document can have.
    if not DOCUMENT_ID_MIN <= number <= DOCUMENT_ID_MAX + (kind == Kind.ADVANCE):
        raise RecordTooLargeError(f"document id {number} does not fit 64 bits")
    return _OPERATION.pack(kind, len(name), number, data_bytes) + name
