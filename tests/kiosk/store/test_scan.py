"""Finding records: in a row, across the edges of windows, and between damage."""

import pytest

from kiosk.store.limits import WINDOW_BYTES
from kiosk.store.operations import Put
from kiosk.store.records import MARKER, encode
from kiosk.store.scan import is_blank, readable, scan
from tests.simulation.disk import SimDisk, SimFile


def make_file(data: bytes) -> SimFile:
    disk = SimDisk()
    disk.place("file", data)
    return disk.open("file")


def make_record(sequence: int, size: int = 10) -> bytes:
    return encode(sequence, [Put("events", sequence, bytes([sequence % 256]) * size)])


def test_records_are_found_in_order_up_to_the_first_gap() -> None:
    first, second, third = make_record(1), make_record(2), make_record(3)
    data = first + second + b"\0" + third

    found = list(scan(make_file(data), 0, len(data)))

    assert [record.sequence for record in found] == [1, 2]
    assert [record.start for record in found] == [0, len(first)]
    assert [bytes(record.raw) for record in found] == [first, second]


def test_scan_ends_before_a_record_that_reaches_beyond_stop() -> None:
    data = make_record(1) + make_record(2)

    assert [record.sequence for record in scan(make_file(data), 0, len(data) - 1)] == [1]


@pytest.mark.parametrize("beyond", range(-30, 30))
def test_record_across_the_edge_of_a_window_is_found(beyond: int) -> None:
    first = make_record(1, WINDOW_BYTES - len(make_record(1, 0)) + beyond)
    data = first + make_record(2) + make_record(3)

    assert [record.sequence for record in scan(make_file(data), 0, len(data))] == [1, 2, 3]


def test_record_larger_than_several_windows_is_found() -> None:
    data = make_record(1) + make_record(2, 3 * WINDOW_BYTES) + make_record(3)

    assert [record.sequence for record in scan(make_file(data), 0, len(data))] == [1, 2, 3]


def test_claim_larger_than_the_file_is_no_record() -> None:
    data = make_record(1) + make_record(2, 3 * WINDOW_BYTES)[: 2 * WINDOW_BYTES]

    assert [record.sequence for record in scan(make_file(data), 0, len(data))] == [1]


def test_file_that_became_shorter_ends_the_scan() -> None:
    data = make_record(1) + make_record(2, 3 * WINDOW_BYTES)[: 2 * WINDOW_BYTES]

    assert [record.sequence for record in scan(make_file(data), 0, 10 * len(data))] == [1]


def test_readable_skips_whatever_is_no_record() -> None:
    torn = make_record(2)[:-1] + b"?"
    data = b"noise" + make_record(1) + torn + MARKER + make_record(3) + make_record(4) + bytes(99) + make_record(9)

    assert [record.sequence for record in readable(make_file(data), 0, len(data))] == [1, 3, 4, 9]


@pytest.mark.parametrize("before", range(WINDOW_BYTES - 8, WINDOW_BYTES + 3))
def test_readable_finds_a_record_at_the_edge_of_a_window(before: int) -> None:
    data = bytes(before) + make_record(1)

    assert [record.start for record in readable(make_file(data), 0, len(data))] == [before]


def test_blank_is_nothing_but_zeros() -> None:
    data = bytes(2 * WINDOW_BYTES) + b"\x01"

    assert is_blank(make_file(data), 0, len(data) - 1)
    assert is_blank(make_file(data), 5, 5)
    assert not is_blank(make_file(data), 0, len(data))
