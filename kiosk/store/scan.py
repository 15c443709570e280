"""Finds records in a file: in a row while all is well, and one by one where a file is damaged."""

from collections.abc import Iterator
from typing import NamedTuple

from kiosk.store.disk import File
from kiosk.store.limits import WINDOW_BYTES
from kiosk.store.records import MARKER, RECORD_HEADER_BYTES, record_at


class Record(NamedTuple):
    """A sound record as it lies in its file from `start` on; `raw` is all of it."""

    sequence: int
    start: int
    raw: memoryview

    @property
    def stop(self) -> int:
        """Where the next record begins."""
        return self.start + len(self.raw)


def scan(file: File, start: int, stop: int) -> Iterator[Record]:
    """Records that follow one another from `start` on, up to the first place that holds none."""
    at, wanted = start, WINDOW_BYTES
    while True:
        asked = min(wanted, stop - at)
        window = memoryview(file.pread(asked, at))
        used, wanted = 0, WINDOW_BYTES
        while len(window) - used >= RECORD_HEADER_BYTES:
            found = record_at(window, used)
            if found is None:
                return
            sequence, end = found
            if end > len(window):
                wanted = max(WINDOW_BYTES, end - used)
                break
            yield Record(sequence, at + used, window[used:end])
            used = end
        at += used
        # Without a record in this window, only a larger one can still show one.
        if not used and min(wanted, stop - at) <= asked:
            return


def readable(file: File, start: int, stop: int) -> Iterator[Record]:
    """Every sound record from `start` on, whatever lies between them."""
    at: int | None = start
    while at is not None:
        past = at + 1
        for record in scan(file, at, stop):
            yield record
            past = record.stop
        at = _find_marker(file, past, stop)


def is_blank(file: File, start: int, stop: int) -> bool:
    """Tell whether nothing but the zeros of preallocation lies there."""
    windows = range(start, stop, WINDOW_BYTES)
    return not any(file.pread(min(WINDOW_BYTES, stop - at), at).strip(b"\0") for at in windows)


def _find_marker(file: File, start: int, stop: int) -> int | None:
    # A marker may lie across the edge of two windows, so each is read a little beyond the next one's start.
    reach = WINDOW_BYTES + len(MARKER) - 1
    for at in range(start, stop, WINDOW_BYTES):
        found = file.pread(min(reach, stop - at), at).find(MARKER)
        if found >= 0:
            return at + found
    return None
