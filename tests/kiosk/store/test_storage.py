"""What is changed together, and the storage as TinyDB itself uses it."""

from collections.abc import Callable

import pytest
from tinydb import TinyDB, where
from tinydb.table import Document

from kiosk.store.errors import JournalFailedError
from kiosk.store.journal import Journal
from kiosk.store.operations import Put
from kiosk.store.storage import JournalStorage
from kiosk.store.tables import JournalDB, JournalTable
from tests.kiosk.store.conftest import SPACED, Cost, ids
from tests.simulation.disk import Fault, SimDisk


def change_together(*changes: Callable[[], object], db: JournalDB) -> None:
    with db.together():
        for change in changes:
            change()


def give_up(db: JournalDB, *changes: Callable[[], object]) -> None:
    """Change something in a block that then raises."""
    with db.together():
        change_together(*changes, db=db)
        raise ZeroDivisionError


def test_changes_together_are_one_record(table: JournalTable, db: JournalDB, disk: SimDisk) -> None:
    cost = Cost(disk)

    with db.together():
        first = table.insert({"kind": "lease.accepted"})
        second = table.insert({"kind": "lease.spent"})
        table.remove(doc_ids=[1])
        db.table("leases").insert({"event": second})
        assert cost.steps == 0

    assert cost.steps == 2
    assert (first, second) == (21, 22)
    assert db.table("leases").all() == [{"event": 22}]
    assert not table.contains(doc_id=1)


def test_changes_together_are_seen_inside(table: JournalTable, db: JournalDB) -> None:
    with db.together():
        table.update({"even": "new"}, doc_ids=[2])
        doc_id = table.insert_raw(SPACED)

        assert table.get(doc_id=2) == {"seq": 2, "even": "new"}
        assert table.raw(doc_id) == SPACED
        assert table.count(where("even") == "new") == 1
        assert len(table) == 21


def test_changes_together_are_taken_back_together(table: JournalTable, db: JournalDB, disk: SimDisk) -> None:
    before, cost = table.all(), Cost(disk)

    with pytest.raises(ZeroDivisionError):
        give_up(db, table.truncate, lambda: db.table("leases").insert({}))

    assert cost.steps == 0
    assert table.all() == before
    assert db.tables() == {"events"}
    assert table.insert({}) == 21


def test_inner_block_is_taken_back_by_itself(table: JournalTable, db: JournalDB, disk: SimDisk) -> None:
    cost = Cost(disk)
    with db.together():
        table.insert({"outer": 1})
        with pytest.raises(ZeroDivisionError):
            give_up(db, lambda: table.insert({"inner": 1}))
        with pytest.raises(ValueError, match="already exists"):
            table.insert_multiple([{"half": 1}, Document({}, doc_id=1)])
        with db.together():
            table.insert({"inner": 2})

    assert cost.steps == 2
    assert table.all()[20:] == [{"outer": 1}, {"inner": 2}]
    assert ids(table.all()[20:]) == [21, 22]


def test_changes_together_that_the_disk_refuses_are_not_seen(
    table: JournalTable, db: JournalDB, disk: SimDisk, journal: Journal
) -> None:
    disk.faults = {disk.steps + 1: Fault()}

    with pytest.raises(JournalFailedError):
        change_together(lambda: table.insert({}), lambda: db.table("leases").insert({}), db=db)

    assert len(table) == 20
    assert db.tables() == {"events"}
    journal.reopen()
    assert (len(table), len(db.table("leases"))) in {(20, 0), (21, 1)}


def test_query_is_never_answered_from_before_a_change(db: JournalDB, table: JournalTable, journal: Journal) -> None:
    query = where("seq") == 100
    assert table.search(query) == []

    JournalTable(JournalStorage(journal), "events").insert({"seq": 100})
    assert table.count(query) == 1

    journal.append([Put("events", 50, b'{"seq":100}')])
    assert table.count(query) == 2

    with pytest.raises(ZeroDivisionError):
        give_up(db, lambda: table.remove(query), lambda: table.search(query))
    assert table.count(query) == 2


def test_tinydb_itself_works_over_the_storage(journal: Journal) -> None:
    JournalDB(journal).table("events").insert_raw(SPACED)
    plain = TinyDB(journal, storage=JournalStorage)

    table = plain.table("events")
    table.insert({"seq": 2})
    table.update({"seen": True}, where("seq") == 2)
    plain.insert({"other": 1})
    plain.drop_table("nothing")
    plain.table("dropped").insert({})
    plain.drop_table("dropped")

    assert plain.tables() == {"events", "_default"}
    assert table.get(doc_id=2) == {"seq": 2, "seen": True}
    assert journal.read("events", 1) == SPACED
    table.remove(where("seq") == 1)
    assert journal.ids("events") == [2]


def test_storage_without_tables_reads_as_nothing(journal: Journal) -> None:
    assert JournalStorage(journal).read() is None
