"""What memory knows of a journal file: where each document lies and which id comes next. Never a document."""

from typing import NewType

from kiosk.store.records import OPERATION_HEADER_BYTES, RECORD_HEADER_BYTES, Kind, parts

Place = NewType("Place", int)
"""Offset and size of a document's bytes in one integer, which takes a third of the memory of a pair."""

FIRST_ID = 1

DOCUMENT_COST_BYTES = RECORD_HEADER_BYTES + OPERATION_HEADER_BYTES
"""What a document takes beside its bytes and its table's name in a compacted file, where it has its own record."""

_SIZE_BITS = 32


def offset_of(at: Place) -> int:
    """First byte of a document."""
    return at >> _SIZE_BITS


def size_of(at: Place) -> int:
    """How many bytes a document has."""
    return at & (1 << _SIZE_BITS) - 1


class Index:
    """The tables of one file, each in its own order, and what they would take after a compaction.

    Order is that of a dict: a document that is replaced keeps its place in the row.
    """

    def __init__(self) -> None:
        self.tables: dict[str, dict[int, Place]] = {}
        self.next_ids: dict[str, int] = {}
        self.live_bytes = 0
        self._names: dict[bytes, str] = {}

    def copy(self) -> "Index":
        """Take an independent copy; a millisecond for 100,000 documents."""
        other = Index()
        other.tables = {name: places.copy() for name, places in self.tables.items()}
        other.next_ids = self.next_ids.copy()
        other.live_bytes = self.live_bytes
        return other

    def next_id(self, table: str) -> int:
        """Lowest id that was never handed out in a table."""
        return self.next_ids.get(table, FIRST_ID)

    def apply(self, raw: memoryview | bytes, start: int) -> None:
        """Take up a sound record that lies at `start`.

        Raises:
            ValueError: it holds what this release does not know; the index may have taken up a part of it.
        """
        for kind, name, number, data_start, data_stop in parts(raw):
            table = self._names.get(name)
            if table is None:
                table = self._names[name] = name.decode()
            if kind == _PUT:
                self._put(table, number, start + data_start, data_stop - data_start)
            elif kind == _REMOVE:
                self._forget(table, self.tables.get(table, {}).pop(number, None))
            else:
                self._change_table(Kind(kind), table, number)

    def _put(self, table: str, doc_id: int, offset: int, size_bytes: int) -> None:
        places = self.tables.get(table)
        if places is None:
            places = self.tables[table] = {}
        self._forget(table, places.get(doc_id))
        places[doc_id] = Place(offset << _SIZE_BITS | size_bytes)
        self.live_bytes += DOCUMENT_COST_BYTES + len(table) + size_bytes
        if doc_id >= self.next_ids.get(table, FIRST_ID):
            self.next_ids[table] = doc_id + 1

    def _forget(self, table: str, at: Place | None) -> None:
        if at is not None:
            self.live_bytes -= DOCUMENT_COST_BYTES + len(table) + size_of(at)

    def _change_table(self, kind: Kind, table: str, number: int) -> None:
        if kind == Kind.ADVANCE:
            self.next_ids[table] = max(number, self.next_id(table))
            return
        for at in self.tables.get(table, {}).values():
            self._forget(table, at)
        if kind == Kind.CLEAR:
            self.tables[table] = {}
        else:
            self.tables.pop(table, None)


# Enum members are looked up through their class, which is slow for the two that a replay sees 100,000 times.
_PUT, _REMOVE = int(Kind.PUT), int(Kind.REMOVE)
