"""The bytes of the format. The golden ones stay readable for ever."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kiosk.store.errors import RecordTooLargeError
from kiosk.store.limits import DOCUMENT_ID_MAX, DOCUMENT_ID_MIN, RECORD_MAX_BYTES
from kiosk.store.operations import Advance, Clear, Drop, Operation, Put, Remove
from kiosk.store.records import (
    HEADER_BYTES,
    MARKER,
    RECORD_HEADER_BYTES,
    RECORDS_START,
    decode,
    encode,
    header,
    parts,
    read_header,
    record_at,
)

GOLDEN_OPERATIONS: list[Operation] = [
    Put("events", 7, '{"name":"张*"}'.encode()),
    Remove("events", 6),
    Clear("leases"),
    Drop("old"),
    Advance("events", 9),
]
GOLDEN_HEADER = bytes.fromhex("894d544a524e4c0a01000000fdffffffffffffff03ced3b2")
GOLDEN_RECORD = bytes.fromhex(
    "f5ffc0fa90cf3f69700000002a00000000000000010607000000000000000f0000006576656e74737b226e616d65223a"
    "22e5bca02a227d02060600000000000000000000006576656e747303060000000000000000000000006c656173657304"
    "030000000000000000000000006f6c6405060900000000000000000000006576656e7473"
)

ids = st.integers(DOCUMENT_ID_MIN, DOCUMENT_ID_MAX)
names = st.text(max_size=20)
operations = st.one_of(
    st.builds(Put, names, ids, st.binary(max_size=100)),
    st.builds(Remove, names, ids),
    st.builds(Clear, names),
    st.builds(Drop, names),
    st.builds(Advance, names, ids),
)


def test_golden_header_is_read_and_written() -> None:
    assert header(-3) == GOLDEN_HEADER.ljust(RECORDS_START, b"\0")
    assert read_header(GOLDEN_HEADER) == (1, -3)


def test_golden_record_is_read_and_written() -> None:
    assert encode(42, GOLDEN_OPERATIONS) == GOLDEN_RECORD
    assert record_at(memoryview(GOLDEN_RECORD), 0) == (42, len(GOLDEN_RECORD))
    assert decode(GOLDEN_RECORD) == GOLDEN_OPERATIONS


@given(st.lists(operations, min_size=1, max_size=5), st.integers(-(2**62), 2**62))
def test_operations_come_back_as_they_were(given_operations: list[Operation], sequence: int) -> None:
    raw = encode(sequence, given_operations)

    assert record_at(memoryview(raw), 0) == (sequence, len(raw))
    assert decode(memoryview(raw)) == given_operations


def test_every_changed_bit_of_a_record_shows() -> None:
    raw = encode(1, [Put("events", 1, b"{}")])

    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        found = record_at(memoryview(changed), 0)
        # A changed length may claim more than there is, which is only a claim.
        assert found is None or found[1] > len(raw)


def test_every_changed_bit_of_a_header_shows() -> None:
    raw = header(0)[:HEADER_BYTES]

    for bit in range(8 * len(raw)):
        changed = bytearray(raw)
        changed[bit // 8] ^= 1 << bit % 8
        assert read_header(bytes(changed)) is None


@pytest.mark.parametrize("length", [0, 1, HEADER_BYTES - 1])
def test_header_that_is_cut_off_is_none(length: int) -> None:
    assert read_header(header(0)[:length]) is None


def test_zeros_are_no_record() -> None:
    assert record_at(memoryview(bytes(100)), 0) is None


def test_marker_is_in_no_text() -> None:
    assert all(not bytes([byte]).decode("utf-8", errors="ignore") for byte in MARKER)
    with pytest.raises(UnicodeDecodeError):
        MARKER.decode()


@pytest.mark.parametrize(
    "operation",
    [
        Put("x" * 256, 1, b"{}"),
        Remove("张" * 86, 1),
        Put("events", DOCUMENT_ID_MAX + 1, b"{}"),
        Put("events", DOCUMENT_ID_MIN - 1, b"{}"),
        Put("events", 1, bytes(RECORD_MAX_BYTES)),
    ],
    ids=["name", "name in UTF-8", "high id", "low id", "data"],
)
def test_what_the_format_cannot_hold_is_refused(operation: Operation) -> None:
    with pytest.raises(RecordTooLargeError):
        encode(1, [operation])


def test_next_id_may_follow_the_highest_id() -> None:
    operations: list[Operation] = [Put("events", DOCUMENT_ID_MAX, b"{}"), Advance("events", DOCUMENT_ID_MAX + 1)]

    assert decode(encode(1, operations)) == operations


def test_operations_that_do_not_fit_their_record_are_refused() -> None:
    raw = encode(1, [Put("events", 1, b"{}")])

    with pytest.raises(ValueError, match="larger than its record"):
        list(parts(raw[:-1]))
    with pytest.raises(ValueError, match="cut off"):
        list(parts(raw[: RECORD_HEADER_BYTES + 3]))


def test_operation_of_an_unknown_kind_is_refused() -> None:
    raw = bytearray(encode(1, [Clear("events")]))
    raw[RECORD_HEADER_BYTES] = 77

    with pytest.raises(ValueError, match="77"):
        decode(bytes(raw))
