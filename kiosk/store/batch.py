"""Changes that wait to become one record, and what the tables look like as if they already were one."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol, assert_never

from kiosk.store.operations import Advance, Clear, Drop, Operation, Put, Remove


class Tables(Protocol):
    """Tables as they can be read: those of a journal, or those of a batch over others."""

    def tables(self) -> list[str]:
        """Names of the tables that exist."""

    def ids(self, table: str) -> list[int]:
        """Ids in a table, in its order."""

    def count(self, table: str) -> int:
        """How many documents a table has."""

    def contains(self, table: str, doc_id: int) -> bool:
        """Tell whether a document is there."""

    def next_id(self, table: str) -> int:
        """Lowest id that a table never had."""

    def read(self, table: str, doc_id: int) -> bytes:
        """Bytes of a document; raises KeyError."""

    def read_many(self, table: str, doc_ids: Iterable[int]) -> list[tuple[int, bytes]]:
        """Bytes of those documents that are there, each with its id, in the order asked for."""


@dataclass(slots=True)
class _Change:
    """What a batch does to one table. A written document that is also gone, or new, stands after the others."""

    exists: bool
    emptied: bool = False
    gone: set[int] = field(default_factory=set)
    written: dict[int, bytes] = field(default_factory=dict)


class Batch:
    """Operations over tables that do not know of them yet. Used by one thread."""

    def __init__(self, under: Tables) -> None:
        self.operations: list[Operation] = []
        self._under = under
        self._changes: dict[str, _Change] = {}
        self._next_ids: dict[str, int] = {}

    def add(self, operation: Operation) -> None:
        """Let one more operation wait."""
        self.operations.append(operation)
        match operation:
            case Put(table, doc_id, data):
                change = self._change(table)
                change.exists = True
                change.written[doc_id] = data
                self._advance(table, doc_id + 1)
            case Remove(table, doc_id):
                self._remove(table, doc_id)
            case Clear(table):
                self._changes[table] = _Change(exists=True, emptied=True)
            case Drop(table):
                self._changes[table] = _Change(exists=False, emptied=True)
            case Advance(table, next_id):
                self._advance(table, next_id)
            case unknown:
                assert_never(unknown)

    def tables(self) -> list[str]:
        """See Tables."""
        exist = dict.fromkeys(self._under.tables(), True)
        exist |= {table: change.exists for table, change in self._changes.items()}
        return [table for table, exists in exist.items() if exists]

    def ids(self, table: str) -> list[int]:
        """See Tables."""
        change = self._changes.get(table)
        if change is None:
            return self._under.ids(table)
        kept = [] if change.emptied else [doc_id for doc_id in self._under.ids(table) if doc_id not in change.gone]
        return kept + [doc_id for doc_id in change.written if not self._is_kept(table, doc_id)]

    def count(self, table: str) -> int:
        """See Tables."""
        return len(self.ids(table)) if table in self._changes else self._under.count(table)

    def contains(self, table: str, doc_id: int) -> bool:
        """See Tables."""
        change = self._changes.get(table)
        return (change is not None and doc_id in change.written) or self._is_kept(table, doc_id)

    def next_id(self, table: str) -> int:
        """See Tables."""
        return self._next_ids.get(table) or self._under.next_id(table)

    def read(self, table: str, doc_id: int) -> bytes:
        """See Tables."""
        change = self._changes.get(table)
        if change is not None and doc_id in change.written:
            return change.written[doc_id]
        if not self._is_kept(table, doc_id):
            raise KeyError(doc_id)
        return self._under.read(table, doc_id)

    def read_many(self, table: str, doc_ids: Iterable[int]) -> list[tuple[int, bytes]]:
        """See Tables."""
        if table not in self._changes:
            return self._under.read_many(table, doc_ids)
        return [(doc_id, self.read(table, doc_id)) for doc_id in doc_ids if self.contains(table, doc_id)]

    def _change(self, table: str) -> _Change:
        change = self._changes.get(table)
        if change is None:
            change = self._changes[table] = _Change(exists=table in self._under.tables())
        return change

    def _is_kept(self, table: str, doc_id: int) -> bool:
        """Tell whether the document underneath still stands, in its old place or replaced there."""
        change = self._changes.get(table)
        if change is not None and (change.emptied or doc_id in change.gone):
            return False
        return self._under.contains(table, doc_id)

    def _remove(self, table: str, doc_id: int) -> None:
        change = self._change(table)
        change.written.pop(doc_id, None)
        if self._under.contains(table, doc_id):
            change.gone.add(doc_id)

    def _advance(self, table: str, next_id: int) -> None:
        self._next_ids[table] = max(next_id, self.next_id(table))
