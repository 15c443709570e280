"""A table while one of TinyDB's calls changes it, and the form in which documents are stored.

Documents are JSON as msgspec writes it, so what JSON has no form for comes back as what it became: a tuple as a
list, a UUID as text, NaN as null.
"""

from collections.abc import Iterator, MutableMapping
from typing import Any

import msgspec

from kiosk.store.batch import Batch
from kiosk.store.operations import Clear, Put, Remove

Json = dict[str, Any]

encode = msgspec.json.Encoder().encode
decode = msgspec.json.Decoder(Json).decode


def says_the_same(before: bytes, after: bytes) -> bool:
    """Compare a stored document with one as msgspec writes it; the stored one may be written differently."""
    return before == after or encode(decode(before)) == after


class Draft(MutableMapping[int, Json]):
    """A table as TinyDB's updaters change it: documents are decoded when looked at and noted when they changed.

    TinyDB changes a document in place right after it looked at it, and then never again, so only the last one that
    was looked at is held. `settle` ends with it.
    """

    def __init__(self, batch: Batch, table: str) -> None:
        self._batch = batch
        self._table = table
        self._held: tuple[int, Json, bytes] | None = None

    def __getitem__(self, doc_id: int) -> Json:
        if self._held is None or self._held[0] != doc_id:
            self.settle()
            data = self._batch.read(self._table, doc_id)
            self._held = (doc_id, decode(data), data)
        return self._held[1]

    def __setitem__(self, doc_id: int, document: Json) -> None:
        self.settle()
        self._batch.add(Put(self._table, doc_id, encode(document)))

    def __delitem__(self, doc_id: int) -> None:
        self.settle()
        if doc_id not in self:
            raise KeyError(doc_id)
        self._batch.add(Remove(self._table, doc_id))

    def __contains__(self, doc_id: object) -> bool:
        return isinstance(doc_id, int) and self._batch.contains(self._table, doc_id)

    def __iter__(self) -> Iterator[int]:
        return iter(self._batch.ids(self._table))

    def __len__(self) -> int:
        return self._batch.count(self._table)

    def clear(self) -> None:
        """Empty the table by one operation, however large it is."""
        self._held = None
        self._batch.add(Clear(self._table))

    def settle(self) -> None:
        """Note the last document that was looked at, if it has changed since."""
        if self._held is None:
            return
        doc_id, document, before = self._held
        self._held = None
        after = encode(document)
        if not says_the_same(before, after):
            self._batch.add(Put(self._table, doc_id, after))
