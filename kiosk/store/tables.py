"""TinyDB over a journal: its own tables and queries, none of its whole-file reads and writes.

A read decodes the documents it meets and copies no table; a change appends what differs, as one record.
"""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from typing import Any, cast

from tinydb import TinyDB
from tinydb.queries import QueryLike
from tinydb.table import Document, Table
from tinydb.utils import LRUCache

from kiosk.store.batch import Batch
from kiosk.store.draft import Draft, decode, encode
from kiosk.store.journal import Journal
from kiosk.store.operations import Clear, Put
from kiosk.store.storage import JournalStorage


class NoCache(LRUCache[QueryLike, list[Document]]):
    """In the place of TinyDB's query cache, which keeps documents in memory and cannot see every change."""

    def set(self, key: QueryLike, value: list[Document]) -> None:
        """Forget at once."""


class JournalTable(Table):
    """A table of a journal. Ids are never given twice, not even after `truncate` or `drop_table`."""

    query_cache_class: type[LRUCache[Any, Any]] = NoCache

    def __init__(
        self,
        storage: JournalStorage,
        name: str,
        cache_size: int = Table.default_query_cache_capacity,
        persist_empty: bool = False,  # noqa: FBT001, FBT002 -- TinyDB's signature
    ) -> None:
        self._journaled = storage
        # TinyDB would empty a table that is there already, which is not what the option is for.
        super().__init__(storage, name, cache_size, persist_empty and name not in storage.current.tables())

    def insert(self, document: Mapping[str, Any]) -> int:
        """Insert a document, as TinyDB does, but without a look at any other."""
        if not isinstance(document, Mapping):
            raise ValueError("the document is no Mapping")  # noqa: TRY004 -- as TinyDB does
        doc_id = document.doc_id if isinstance(document, Document) else None
        return self._insert(encode(dict(document)), doc_id)

    def insert_raw(self, data: bytes, doc_id: int | None = None) -> int:
        """Insert a document that is JSON already, to be kept byte for byte; under the next id if none is given.

        Raises:
            ValueError: the bytes are no JSON object, or the id is taken.
        """
        decode(data)
        return self._insert(data, doc_id)

    def upsert(self, document: Mapping[str, Any], cond: QueryLike | None = None) -> list[int]:
        """Update or insert, as TinyDB does, by one record."""
        with self._journaled.together():
            return super().upsert(document, cond)

    def raw(self, doc_id: int) -> bytes:
        """Bytes of a document exactly as they were stored; raises KeyError if it is not there."""
        with self._journaled.journal.lock:
            return self._journaled.current.read(self.name, doc_id)

    def _insert(self, data: bytes, doc_id: int | None) -> int:
        with self._journaled.journal.lock:
            if doc_id is None:
                doc_id = self._get_next_id()
            elif self._journaled.current.contains(self.name, doc_id):
                raise ValueError(f"a document with the id {doc_id} already exists")
            self._journaled.add(Put(self.name, doc_id, data))
        return doc_id

    def _get_next_id(self) -> int:
        with self._journaled.journal.lock:
            return self._journaled.current.next_id(self.name)

    def _read_table(self) -> dict[str, Mapping[str, Any]]:
        return cast("dict[str, Mapping[str, Any]]", self._journaled.view(self.name))

    def _update_table(self, updater: Callable[[dict[int, Mapping[str, Any]]], None]) -> None:
        with self._journaled.together() as batch:
            draft = Draft(batch, self.name)
            updater(cast("dict[int, Mapping[str, Any]]", draft))
            draft.settle()
            if not batch.operations and self.name not in batch.tables():
                # As in TinyDB, a table begins with the first attempt to change it.
                batch.add(Clear(self.name))


class JournalDB(TinyDB):
    """TinyDB over one journal; closing it closes the journal."""

    table_class: type[Table] = JournalTable

    def __init__(self, journal: Journal) -> None:
        super().__init__(journal, storage=JournalStorage)
        self.journal = journal

    def table(self, name: str, **options: Any) -> JournalTable:
        """See TinyDB."""
        with self.journal.lock:
            return cast("JournalTable", super().table(name, **options))

    def together(self, *, making_room: bool = False) -> AbstractContextManager[Batch]:
        """See JournalStorage."""
        return cast("JournalStorage", self.storage).together(making_room=making_room)
