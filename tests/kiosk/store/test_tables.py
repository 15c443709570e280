"""TinyDB's own calls over a journal, and the few that are ours."""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from tinydb import where
from tinydb.operations import increment
from tinydb.table import Document

from kiosk.store.disk import RealDisk
from kiosk.store.errors import RecordTooLargeError, StoreFullError
from kiosk.store.journal import Journal
from kiosk.store.tables import JournalDB, JournalTable
from tests.kiosk.store.conftest import SPACED, Cost, MakeJournal, ids
from tests.simulation.disk import SimDisk


def test_default_table_works_through_the_database(db: JournalDB) -> None:
    first, second = db.insert({"name": "张*"}), db.insert({"name": "B"})

    assert (first, second) == (1, 2)
    assert db.get(doc_id=1) == {"name": "张*"}
    assert db.search(where("name") == "B") == [{"name": "B"}]
    assert [document.doc_id for document in db] == [1, 2]
    assert len(db) == 2


def test_look_up_by_id_is_one_read(table: JournalTable, disk: SimDisk) -> None:
    cost = Cost(disk)

    found = table.get(doc_id=7)

    assert found == {"seq": 7, "even": False}
    assert found.doc_id == 7
    assert cost.steps == 1


def test_missing_ids_are_none_and_no_read(table: JournalTable, disk: SimDisk) -> None:
    cost = Cost(disk)

    assert table.get(doc_id=99) is None
    assert not table.contains(doc_id=99)
    assert len(table) == 20
    assert cost.steps == 0


def test_id_that_is_no_number_is_not_there(table: JournalTable) -> None:
    assert table.get(doc_id="seven") is None  # type: ignore[call-overload]


def test_several_ids_are_found_in_the_order_of_the_table(table: JournalTable) -> None:
    assert ids(table.get(doc_ids=[9, 3, 99])) == [3, 9]


def test_queries_see_every_document(table: JournalTable) -> None:
    assert ids(table.search(where("even") == True)) == list(range(2, 21, 2))  # noqa: E712 -- a query, not a test
    assert table.count(where("seq") > 15) == 5
    assert table.contains(where("seq") == 20)
    assert table.get(where("seq") == 4) == {"seq": 4, "even": True}
    assert ids(table.all()) == list(range(1, 21))


def test_found_documents_are_the_callers_own(table: JournalTable) -> None:
    query = where("seq") == 3

    table.search(query)[0]["seq"] = "changed"

    assert table.search(query) == [{"seq": 3, "even": False}]


def test_table_may_be_changed_while_it_is_gone_through(table: JournalTable) -> None:
    for document in table:
        table.remove(doc_ids=[document.doc_id])
        table.insert({"again": document["seq"]})

    assert len(table) == 20
    assert ids(table.all()) == list(range(21, 41))


def test_change_is_one_record_of_what_differs(table: JournalTable, disk: SimDisk, journal: Journal) -> None:
    cost, used = Cost(disk), journal.used_bytes

    assert table.update({"even": None}, doc_ids=[4]) == [4]

    assert cost.steps == 1 + 2
    assert journal.used_bytes - used < 80
    assert table.get(doc_id=4) == {"seq": 4, "even": None}


def test_update_that_changes_nothing_writes_nothing(table: JournalTable, disk: SimDisk) -> None:
    cost = Cost(disk)

    table.update({"seq": 4}, doc_ids=[4])

    assert cost.steps == 1


def test_update_of_many_is_one_small_record(table: JournalTable, journal: Journal) -> None:
    used = journal.used_bytes
    before = {doc_id: journal.read("events", doc_id) for doc_id in journal.ids("events")}

    assert table.update(increment("seq"), where("seq") > 10) == list(range(11, 21))

    assert [document["seq"] for document in table] == [*range(1, 11), *range(12, 22)]
    assert all(table.raw(doc_id) == before[doc_id] for doc_id in range(1, 11))
    assert journal.used_bytes - used < 10 * 80


def test_change_of_type_alone_is_a_change(db: JournalDB) -> None:
    doc_id = db.insert({"n": 1})

    db.update({"n": True}, doc_ids=[doc_id])
    assert db.get(doc_id=doc_id)["n"] is True

    db.update({"n": 1.0}, doc_ids=[doc_id])
    assert isinstance(db.get(doc_id=doc_id)["n"], float)


def test_update_that_raises_changes_nothing(table: JournalTable) -> None:
    def change(document: MutableMapping[Any, Any]) -> None:
        document["seq"] = 10 // (document["seq"] - 3)

    before = table.all()

    with pytest.raises(ZeroDivisionError):
        table.update(change)

    assert table.all() == before


def test_insert_that_fails_changes_nothing(table: JournalTable) -> None:
    with pytest.raises(ValueError, match="already exists"):
        table.insert_multiple([{"seq": 21}, Document({"seq": 22}, doc_id=1)])
    with pytest.raises(ValueError, match="already exists"):
        table.insert(Document({}, doc_id=20))
    with pytest.raises(ValueError, match="Mapping"):
        table.insert([1, 2])  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        table.insert({"not JSON": object()})
    with pytest.raises(RecordTooLargeError):
        table.insert(Document({}, doc_id=2**63))

    assert len(table) == 20
    assert table.insert({"seq": 21}) == 21


def test_document_may_bring_its_id(db: JournalDB) -> None:
    assert db.insert(Document({"n": 1}, doc_id=7)) == 7
    assert db.insert({"n": 2}) == 8
    assert db.upsert(Document({"n": 3}, doc_id=7)) == [7]
    assert db.upsert(Document({"n": 4}, doc_id=3)) == [3]

    assert [(document.doc_id, document["n"]) for document in db] == [(7, 3), (8, 2), (3, 4)]


def test_upsert_is_one_record(table: JournalTable, disk: SimDisk) -> None:
    cost = Cost(disk)

    assert table.upsert({"seq": 99}, where("seq") == 99) == [21]

    reads_of_all = 20
    assert cost.steps == reads_of_all + 2


def test_removed_ids_are_not_given_again(table: JournalTable, db: JournalDB) -> None:
    table.remove(doc_ids=[20, 99])
    assert table.insert({}) == 21

    table.truncate()
    assert len(table) == 0
    assert db.tables() == {"events"}
    assert table.insert({}) == 22

    db.drop_table("events")
    assert db.tables() == set()
    assert db.table("events").insert({}) == 23

    db.drop_tables()
    assert db.table("events").insert({}) == 24


def test_emptying_a_table_is_a_small_record(table: JournalTable, journal: Journal) -> None:
    used = journal.used_bytes

    table.truncate()

    assert journal.used_bytes - used < 50


def test_table_begins_with_the_first_attempt_to_change_it(db: JournalDB, disk: SimDisk) -> None:
    db.table("read").all()
    assert db.tables() == set()

    db.table("changed").remove(doc_ids=[1])
    assert db.tables() == {"changed"}

    cost = Cost(disk)
    db.table("changed").remove(doc_ids=[1])
    assert cost.steps == 0


def test_persist_empty_begins_a_table_and_empties_none(table: JournalTable, db: JournalDB, journal: Journal) -> None:
    db.table("new", persist_empty=True)

    again = JournalDB(journal).table("events", persist_empty=True)

    assert db.tables() == {"events", "new"}
    assert len(again) == len(table) == 20


def test_raw_document_is_kept_byte_for_byte(db: JournalDB, make_journal: MakeJournal) -> None:
    table = db.table("events")
    assert table.insert_raw(SPACED) == 1
    assert table.insert_raw(SPACED, doc_id=5) == 5
    assert table.insert({}) == 6

    table.update({"seq": 1})
    db.journal.compact()
    db.close()

    table = JournalDB(make_journal()).table("events")
    assert table.get(doc_id=5) == {"seq": 1, "name": "张*"}
    assert table.raw(1) == table.raw(5) == SPACED
    with pytest.raises(KeyError):
        table.raw(2)


def test_raw_document_must_be_an_object_under_a_free_id(table: JournalTable) -> None:
    for data in (b"", b"[1]", b'{"a":', b'{"a":1}{}', b"\xff"):
        with pytest.raises(ValueError, match=r"JSON|object|truncated|malformed"):
            table.insert_raw(data)
    with pytest.raises(ValueError, match="20"):
        table.insert_raw(SPACED, doc_id=20)

    assert len(table) == 20


def test_full_journal_takes_only_what_makes_room(make_journal: MakeJournal) -> None:
    db = JournalDB(make_journal(max_bytes=3_000, reserve_bytes=500))
    big = {"pad": "x" * 400}
    doc_ids = [db.insert(big) for _ in range(4)]

    with pytest.raises(StoreFullError):
        db.insert(big)

    with db.together(making_room=True):
        db.table("state").insert({"confirmed": 4})
    db.remove(doc_ids=doc_ids)
    db.journal.compact()
    assert db.insert(big) == 5


def test_closing_the_database_closes_the_journal(db: JournalDB, make_journal: MakeJournal) -> None:
    with db:
        db.insert({"n": 1})

    assert JournalDB(make_journal()).all() == [{"n": 1}]


def test_what_json_has_no_form_for_comes_back_as_what_it_became(db: JournalDB) -> None:
    doc_id = db.insert({"pair": (1, 2), 3: "key", "big": 2**80})

    assert db.get(doc_id=doc_id) == {"pair": [1, 2], "3": "key", "big": 2**80}


def test_real_disk_holds_what_was_inserted(tmp_path: Path) -> None:
    with JournalDB(Journal.open(RealDisk(tmp_path), "events")) as db:
        db.insert_multiple({"n": n, "odd": n % 2} for n in range(1_000))
        db.remove(where("odd") == 1)
        db.journal.compact()

    with JournalDB(Journal.open(RealDisk(tmp_path), "events")) as db:
        assert [document["n"] for document in db] == list(range(0, 1_000, 2))
        assert db.insert({}) == 1_001
