"""Whose a document is, for indexes in memory: read from a table without decoding the rest of it."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import Struct

from kiosk.store.limits import READ_MANY_DOCUMENTS
from kiosk.store.tables import JournalDB


class Owned(Struct):
    """What an index is made from."""

    member: UUID
    settled: datetime | None = None


def owners(db: JournalDB, table: str) -> Iterator[tuple[int, Owned]]:
    """Ids of a table's documents, in its order, each with whose it is."""
    decode = msgspec.json.Decoder(Owned).decode
    ids = db.journal.ids(table)
    for at in range(0, len(ids), READ_MANY_DOCUMENTS):
        for doc_id, data in db.journal.read_many(table, ids[at : at + READ_MANY_DOCUMENTS]):
            yield doc_id, decode(data)
