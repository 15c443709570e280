"""Journals on a simulated disk, small enough that every edge of the format is near."""

from collections.abc import Callable

import pytest
from tinydb.table import Document

from kiosk.store.journal import Journal
from kiosk.store.limits import Limits
from kiosk.store.tables import JournalDB, JournalTable
from tests.simulation.disk import SimDisk

NAME = "events"
SPACED = b'{ "seq" : 1,  "name":"\xe5\xbc\xa0*" }'
"""A document that msgspec would write otherwise."""

MakeJournal = Callable[..., Journal]


@pytest.fixture
def disk() -> SimDisk:
    """Give an empty disk."""
    return SimDisk()


@pytest.fixture
def make_journal(disk: SimDisk) -> MakeJournal:
    """Open the journal of the test's disk; limits may be overridden."""

    def make(**overrides: int) -> Journal:
        limits = {"grow_bytes": 2_048, "reserve_bytes": 256, "compact_min_bytes": 0, **overrides}
        return Journal.open(disk, NAME, Limits(**limits))

    return make


@pytest.fixture
def journal(make_journal: MakeJournal) -> Journal:
    """Give an open journal."""
    return make_journal()


@pytest.fixture
def db(journal: Journal) -> JournalDB:
    """Give TinyDB over the open journal."""
    return JournalDB(journal)


class Cost:
    """Operations of the disk since it was made: one for a read, two for a durable change."""

    def __init__(self, disk: SimDisk) -> None:
        self._disk = disk
        self._before = disk.steps

    @property
    def steps(self) -> int:
        """Count them."""
        return self._disk.steps - self._before


@pytest.fixture
def table(db: JournalDB) -> JournalTable:
    """Give a table with twenty documents, ids 1 to 20."""
    table = db.table("events")
    table.insert_multiple({"seq": seq, "even": seq % 2 == 0} for seq in range(1, 21))
    return table


def ids(documents: list[Document]) -> list[int]:
    """Ids of documents, in their order."""
    return [document.doc_id for document in documents]
