"""The storage that TinyDB sees: live views of a journal's tables, and one record for what is changed together."""

from collections.abc import ItemsView, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, cast

from tinydb.storages import Storage

from kiosk.store.batch import Batch, Tables
from kiosk.store.draft import Json, decode, encode, says_the_same
from kiosk.store.journal import Journal
from kiosk.store.limits import READ_MANY_DOCUMENTS
from kiosk.store.operations import Clear, Drop, Operation, Put, Remove


class JournalStorage(Storage):
    """What TinyDB calls its storage: the tables of one journal, and the batch that is open over them, if any."""

    def __init__(self, journal: Journal) -> None:
        self.journal = journal
        self._batch: Batch | None = None

    @property
    def current(self) -> Tables:
        """The tables as this thread sees them; to be used under the journal's lock."""
        return self._batch or self.journal

    @contextmanager
    def together(self, *, making_room: bool = False) -> Iterator[Batch]:
        """Make everything that is changed inside the block one record, or nothing if the block raises.

        Blocks may be nested; an inner one that raises takes only its own changes back. Other threads wait.
        """
        with self.journal.lock:
            outer = self._batch
            self._batch = batch = Batch(outer or self.journal)
            try:
                yield batch
            finally:
                self._batch = outer
            if outer is None:
                self.journal.append(batch.operations, making_room=making_room)
            else:
                for operation in batch.operations:
                    outer.add(operation)

    def add(self, operation: Operation) -> None:
        """Make one operation durable at once, or let it wait for the others of the block that is open."""
        with self.journal.lock:
            if self._batch is None:
                self.journal.append([operation])
            else:
                self._batch.add(operation)

    def view(self, table: str) -> "TableView":
        """Live view of one table."""
        return TableView(self, table)

    def read(self) -> dict[str, dict[str, Any]] | None:
        """Live views of all tables; None if there are none."""
        with self.journal.lock:
            views = {table: self.view(table) for table in self.current.tables()}
        return cast("dict[str, dict[str, Any]]", views) or None

    def write(self, data: dict[str, dict[str, Any]]) -> None:
        """Append what differs between the tables and `data`; tables that are not in it are dropped."""
        with self.together() as batch:
            for table in batch.tables():
                if table not in data:
                    batch.add(Drop(table))
            for table, documents in data.items():
                if not (isinstance(documents, TableView) and documents.shows(self, table)):
                    _replace(batch, table, documents)

    def close(self) -> None:
        """Close the journal."""
        self.journal.close()


class TableView(Mapping[str, Json]):
    """One table, read when asked: every look-up decodes one document. Keys are text, as TinyDB has them."""

    def __init__(self, storage: JournalStorage, table: str) -> None:
        self._storage = storage
        self._table = table

    def __getitem__(self, key: str) -> Json:
        with self._storage.journal.lock:
            return decode(self._storage.current.read(self._table, _doc_id(key)))

    def __iter__(self) -> Iterator[str]:
        with self._storage.journal.lock:
            return iter([str(doc_id) for doc_id in self._storage.current.ids(self._table)])

    def __len__(self) -> int:
        with self._storage.journal.lock:
            return self._storage.current.count(self._table)

    def items(self) -> "ItemsView[str, Json]":
        """Pairs of id and document. What is removed while they are gone through is left out."""
        return _Items(self)

    def shows(self, storage: JournalStorage, table: str) -> bool:
        """Tell whether this is a view of that table."""
        return self._storage is storage and self._table == table

    def pairs(self) -> Iterator[tuple[str, Json]]:
        """Go through the table with few reads and without holding the lock in between."""
        lock = self._storage.journal.lock
        with lock:
            ids = self._storage.current.ids(self._table)
        for at in range(0, len(ids), READ_MANY_DOCUMENTS):
            with lock:
                found = self._storage.current.read_many(self._table, ids[at : at + READ_MANY_DOCUMENTS])
            for doc_id, data in found:
                yield str(doc_id), decode(data)


class _Items(ItemsView[str, Json]):
    _mapping: TableView

    def __iter__(self) -> Iterator[tuple[str, Json]]:
        return self._mapping.pairs()


def _doc_id(key: str) -> int:
    try:
        return int(key)
    except ValueError as error:
        raise KeyError(key) from error


def _replace(batch: Batch, table: str, documents: Mapping[str, Any]) -> None:
    wanted = {int(doc_id): encode(document) for doc_id, document in documents.items()}
    if table not in batch.tables():
        batch.add(Clear(table))
    for doc_id in batch.ids(table):
        if doc_id not in wanted:
            batch.add(Remove(table, doc_id))
    for doc_id, data in wanted.items():
        if not batch.contains(table, doc_id) or not says_the_same(batch.read(table, doc_id), data):
            batch.add(Put(table, doc_id, data))
