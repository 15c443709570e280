"""Random calls on a JournalDB and on TinyDB in memory have the same effect, also after reopening and compaction."""

import json
from contextlib import AbstractContextManager
from copy import deepcopy
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from tinydb import TinyDB, where
from tinydb.operations import increment
from tinydb.queries import QueryInstance
from tinydb.storages import MemoryStorage
from tinydb.table import Document, Table

from kiosk.store.journal import Journal
from kiosk.store.limits import Limits
from kiosk.store.tables import JournalDB, JournalTable
from tests.simulation.disk import SimDisk

LIMITS = Limits(grow_bytes=2_048, reserve_bytes=64, compact_min_bytes=0)
BLOCKS_MAX = 2

Json = dict[str, Any]

names = st.sampled_from(["_default", "events", "leases"])
numbers = st.integers(0, 3)
ids = st.integers(1, 12)
several_ids = st.lists(ids, max_size=4, unique=True)
texts = st.text(st.characters(codec="utf-8"), max_size=3)
documents = st.fixed_dictionaries({"n": numbers}, optional={"text": texts, "list": st.lists(numbers, max_size=2)})
fields = st.fixed_dictionaries({}, optional={"n": numbers, "text": texts})
queries: st.SearchStrategy[QueryInstance] = st.builds(lambda n: where("n") == n, numbers)


class Twins(RuleBasedStateMachine):
    """Does the same to both; new documents go to TinyDB under the ids that the journal gave them."""

    @initialize()
    def begin(self) -> None:
        self.disk = SimDisk()
        self.ours = JournalDB(Journal.open(self.disk, "twin", LIMITS))
        self.theirs = TinyDB(storage=MemoryStorage)
        self.next_ids: dict[str, int] = {}
        self.raws: dict[tuple[str, int], bytes] = {}
        self.raws_made = 0
        self.blocks: list[tuple[AbstractContextManager[Any], Any, Any]] = []

    @rule(name=names, document=documents)
    def insert(self, name: str, document: Json) -> None:
        ours, theirs = self.both(name)
        theirs.insert(Document(document, self.new(name, ours.insert(document))))

    @rule(name=names, document=documents, doc_id=ids)
    def insert_under_an_id(self, name: str, document: Json, doc_id: int) -> None:
        results = [attempt(table, Document(document, doc_id)) for table in self.both(name)]

        assert results[0] == results[1]
        if results[0] is not None:
            self.next_ids[name] = max(self.next_ids.get(name, 1), doc_id + 1)

    @rule(name=names, some=st.lists(documents, max_size=3))
    def insert_multiple(self, name: str, some: list[Json]) -> None:
        ours, theirs = self.both(name)
        new = [self.new(name, doc_id) for doc_id in ours.insert_multiple(some)]
        theirs.insert_multiple(Document(document, doc_id) for document, doc_id in zip(some, new, strict=True))

    @rule(name=names, document=documents)
    def insert_raw(self, name: str, document: Json) -> None:
        ours, theirs = self.both(name)
        self.raws_made += 1
        data = json.dumps({**document, "raw": self.raws_made}, indent=1).encode()
        doc_id = self.new(name, ours.insert_raw(data))
        theirs.insert(Document(json.loads(data), doc_id))
        self.raws[name, doc_id] = data

    @rule(name=names, change=fields, query=st.none() | queries)
    def update(self, name: str, change: Json, query: QueryInstance | None) -> None:
        ours, theirs = self.both(name)
        assert ours.update(change, query) == theirs.update(change, query)

    @rule(name=names, change=fields, doc_ids=several_ids)
    def update_ids(self, name: str, change: Json, doc_ids: list[int]) -> None:
        ours, theirs = self.both(name)
        assert ours.update(change, doc_ids=doc_ids) == theirs.update(change, doc_ids=doc_ids)

    @rule(name=names, first=queries, second=queries, change=fields)
    def update_multiple(self, name: str, first: QueryInstance, second: QueryInstance, change: Json) -> None:
        ours, theirs = self.both(name)
        updates: list[tuple[Any, QueryInstance]] = [(increment("n"), first), (change, second)]
        assert ours.update_multiple(updates) == theirs.update_multiple(updates)

    @rule(name=names, change=fields, query=queries)
    def upsert(self, name: str, change: Json, query: QueryInstance) -> None:
        ours, theirs = self.both(name)
        known = theirs.contains(query)
        done = ours.upsert(change, query)
        if known:
            assert done == theirs.upsert(change, query)
        else:
            theirs.insert(Document(change, self.new(name, *done)))

    @rule(name=names, query=queries)
    def remove(self, name: str, query: QueryInstance) -> None:
        ours, theirs = self.both(name)
        assert ours.remove(query) == theirs.remove(query)

    @rule(name=names, doc_ids=several_ids)
    def remove_ids(self, name: str, doc_ids: list[int]) -> None:
        ours, theirs = self.both(name)
        assert ours.remove(doc_ids=doc_ids) == theirs.remove(doc_ids=doc_ids)

    @rule(name=names)
    def truncate(self, name: str) -> None:
        for table in self.both(name):
            table.truncate()

    @rule(name=names)
    def drop_table(self, name: str) -> None:
        for db in (self.ours, self.theirs):
            db.drop_table(name)

    @rule()
    def drop_tables(self) -> None:
        for db in (self.ours, self.theirs):
            db.drop_tables()

    @precondition(lambda self: len(self.blocks) < BLOCKS_MAX)
    @rule()
    def begin_block(self) -> None:
        block = self.ours.together()
        block.__enter__()
        before = deepcopy((self.theirs.storage.read(), self.next_ids, self.raws))
        self.blocks.append((block, before, self.ours.journal.used_bytes))

    @precondition(lambda self: self.blocks)
    @rule()
    def end_block(self) -> None:
        block, _, used_before = self.blocks.pop()
        assert self.ours.journal.used_bytes == used_before
        block.__exit__(None, None, None)

    @precondition(lambda self: self.blocks)
    @rule()
    def give_up_block(self) -> None:
        block, before, _ = self.blocks.pop()
        error = ZeroDivisionError()
        assert not block.__exit__(ZeroDivisionError, error, None)
        memory, self.next_ids, self.raws = before
        self.theirs = TinyDB(storage=MemoryStorage)
        if memory is not None:
            self.theirs.storage.write(memory)

    @precondition(lambda self: not self.blocks)
    @rule()
    def compact(self) -> None:
        self.ours.journal.compact()

    @precondition(lambda self: not self.blocks)
    @rule()
    def reopen(self) -> None:
        self.ours.journal.reopen()

    @precondition(lambda self: not self.blocks)
    @rule()
    def restart(self) -> None:
        self.ours.close()
        self.ours = JournalDB(Journal.open(self.disk, "twin", LIMITS))

    @rule(name=names, query=queries, doc_ids=several_ids)
    def look(self, name: str, query: QueryInstance, doc_ids: list[int]) -> None:
        ours, theirs = self.both(name)
        assert shown(ours.search(query)) == shown(theirs.search(query))
        assert shown(ours.get(doc_ids=doc_ids)) == shown(theirs.get(doc_ids=doc_ids))
        assert ours.count(query) == theirs.count(query)
        assert ours.get(query) == theirs.get(query)

    @invariant()
    def same(self) -> None:
        assert self.ours.tables() == self.theirs.tables()
        for name in self.theirs.tables():
            ours, theirs = self.both(name)
            assert shown(ours.all()) == shown(theirs.all())
            assert len(ours) == len(theirs)

    @invariant()
    def raw_documents_that_nobody_changed_are_as_they_were_given(self) -> None:
        for (name, doc_id), data in list(self.raws.items()):
            ours, theirs = self.both(name)
            if theirs.get(doc_id=doc_id) == json.loads(data):
                assert ours.raw(doc_id) == data
            else:
                del self.raws[name, doc_id]

    def both(self, name: str) -> tuple[JournalTable, Table]:
        return self.ours.table(name), self.theirs.table(name, cache_size=0)

    def new(self, name: str, doc_id: int) -> int:
        """Check that a new document got the lowest id that the table never had."""
        assert doc_id == self.next_ids.get(name, 1)
        self.next_ids[name] = doc_id + 1
        return doc_id


def attempt(table: Table, document: Document) -> int | None:
    try:
        return table.insert(deepcopy(document))
    except ValueError:
        return None


def shown(found: list[Document]) -> list[tuple[int, Json]]:
    return [(document.doc_id, dict(document)) for document in found]


TestTwins = Twins.TestCase
TestTwins.settings = settings(deadline=None, max_examples=60, stateful_step_count=40)
