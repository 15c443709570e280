"""The journal's promises, one by one, on a simulated disk."""

import errno

import pytest

from kiosk.store.errors import (
    JournalFailedError,
    JournalLockedError,
    JournalReadOnlyError,
    RecordTooLargeError,
    StoreFullError,
)
from kiosk.store.journal import Journal
from kiosk.store.operations import Clear, Drop, Operation, Put, Remove
from tests.kiosk.store.campaign import state_of
from tests.kiosk.store.conftest import NAME, MakeJournal
from tests.simulation.disk import Extent, Fault, SimDisk


def refuse(disk: SimDisk, *, after_steps: int, error: int = errno.EIO, extent: Extent = Extent.HALF) -> None:
    """Let the operation that comes after so many others fail."""
    disk.faults = {disk.steps + after_steps: Fault(error, extent)}


def test_new_journal_is_empty_and_writable(journal: Journal) -> None:
    assert journal.tables() == []
    assert journal.ids("events") == []
    assert journal.count("events") == 0
    assert journal.writable


def test_document_is_read_exactly_as_it_was_put(journal: Journal) -> None:
    data = b'{ "name" :\t"\xe5\xbc\xa0*" , "n": 1.0 }\n'

    journal.append([Put("events", 1, data), Put("events", 2, b"")])

    assert journal.read("events", 1) == data
    assert journal.read("events", 2) == b""


def test_missing_document_is_a_key_error(journal: Journal) -> None:
    journal.append([Put("events", 1, b"{}")])

    with pytest.raises(KeyError):
        journal.read("events", 2)
    with pytest.raises(KeyError):
        journal.read("leases", 1)


def test_many_are_read_in_the_order_asked_for_without_the_missing(journal: Journal) -> None:
    journal.append([Put("events", 1, b"one"), Put("events", 2, b"two"), Put("events", 3, bytes(300_000))])

    assert journal.read_many("events", [2, 9, 1]) == [(2, b"two"), (1, b"one")]
    assert journal.read_many("events", [3, 1]) == [(3, bytes(300_000)), (1, b"one")]
    assert journal.read_many("events", []) == []
    assert journal.read_many("leases", [1]) == []


def test_put_is_one_write_and_one_sync(journal: Journal, disk: SimDisk) -> None:
    journal.append([Put("events", 1, b"{}")])
    before = disk.steps

    journal.append([Put("events", 2, b"{}"), Remove("events", 1)])

    assert disk.steps - before == 2


def test_nothing_to_append_touches_no_disk(journal: Journal, disk: SimDisk) -> None:
    before = disk.steps

    journal.append([])

    assert disk.steps == before


def test_everything_is_there_after_closing_and_opening(journal: Journal, make_journal: MakeJournal) -> None:
    journal.append([Put("events", 1, b"one"), Put("events", 2, b"two"), Put("leases", 1, b"three")])
    journal.append([Remove("events", 1), Clear("old"), Put("leases", 4, b"four")])
    before = state_of(journal)
    journal.close()

    assert state_of(make_journal()) == before


@pytest.mark.parametrize("end", [[Remove("events", 1), Remove("events", 2)], [Clear("events")], [Drop("events")]])
def test_id_is_never_given_twice(journal: Journal, make_journal: MakeJournal, end: list[Operation]) -> None:
    journal.append([Put("events", 1, b"{}"), Put("events", 2, b"{}")])
    journal.append(end)
    assert journal.next_id("events") == 3

    journal.reopen()
    assert journal.next_id("events") == 3

    journal.compact()
    assert journal.next_id("events") == 3

    journal.close()
    assert make_journal().next_id("events") == 3


def test_second_opening_is_refused_until_the_first_is_closed(journal: Journal, make_journal: MakeJournal) -> None:
    with pytest.raises(JournalLockedError, match=NAME):
        make_journal()

    journal.close()
    make_journal()


def test_closed_journal_takes_nothing_and_may_be_closed_again(journal: Journal) -> None:
    journal.close()

    journal.close()

    with pytest.raises(JournalReadOnlyError, match="closed"):
        journal.append([Put("events", 1, b"{}")])
    with pytest.raises(JournalReadOnlyError, match="closed"):
        journal.reopen()
    with pytest.raises(JournalReadOnlyError, match="closed"):
        journal.compact()


@pytest.mark.parametrize("after_steps", [0, 1], ids=["write", "sync"])
@pytest.mark.parametrize("extent", Extent)
def test_failure_makes_read_only_until_reopened(
    journal: Journal, disk: SimDisk, after_steps: int, extent: Extent
) -> None:
    journal.append([Put("events", 1, b"one")])
    refuse(disk, after_steps=after_steps, extent=extent)

    with pytest.raises(JournalFailedError, match=NAME):
        journal.append([Put("events", 2, b"two")])

    assert not journal.writable
    assert journal.ids("events") == [1]
    assert journal.read("events", 1) == b"one"
    journal.reopen()
    assert journal.ids("events") in ([1], [1, 2])
    journal.append([Put("events", 3, b"three")])
    assert journal.read("events", 3) == b"three"


def test_what_a_reopening_shows_after_a_failed_sync_is_durable(
    journal: Journal, disk: SimDisk, make_journal: MakeJournal
) -> None:
    journal.append([Put("events", 1, b"one")])
    refuse(disk, after_steps=1, extent=Extent.NOTHING)
    with pytest.raises(JournalFailedError):
        journal.append([Put("events", 2, b"only in the cache")])

    journal.reopen()
    journal.append([Put("events", 3, b"three")])

    disk.forget_cache()
    journal.close()
    assert make_journal().read_many("events", [1, 2, 3]) == [(1, b"one"), (2, b"only in the cache"), (3, b"three")]


def test_disk_is_left_alone_after_a_failed_sync(journal: Journal, disk: SimDisk) -> None:
    refuse(disk, after_steps=1)
    with pytest.raises(JournalFailedError):
        journal.append([Put("events", 1, b"{}")])
    before = disk.steps

    with pytest.raises(JournalReadOnlyError, match="a sync failed"):
        journal.append([Put("events", 1, b"{}")])
    with pytest.raises(JournalReadOnlyError, match="a sync failed"):
        journal.compact()

    assert disk.steps == before


def test_failed_reopening_leaves_reading_and_may_be_tried_again(journal: Journal, disk: SimDisk) -> None:
    journal.append([Put("events", 1, b"one")])
    refuse(disk, after_steps=0)
    with pytest.raises(JournalFailedError):
        journal.append([Put("events", 2, b"two")])
    refuse(disk, after_steps=2)

    with pytest.raises(JournalFailedError, match="opened again"):
        journal.reopen()

    assert not journal.writable
    assert journal.read("events", 1) == b"one"
    journal.reopen()
    journal.append([Put("events", 3, b"three")])


def test_refused_read_makes_read_only(journal: Journal, disk: SimDisk) -> None:
    journal.append([Put("events", 1, b"one")])
    refuse(disk, after_steps=0)

    with pytest.raises(JournalFailedError, match="a read failed"):
        journal.read("events", 1)

    assert not journal.writable
    journal.reopen()
    assert journal.read_many("events", [1]) == [(1, b"one")]


def test_file_that_became_shorter_is_no_document(journal: Journal, disk: SimDisk) -> None:
    journal.append([Put("events", 1, b"one")])
    disk.cut(NAME, 520)

    with pytest.raises(JournalFailedError, match="shorter"):
        journal.read("events", 1)


def test_full_disk_refuses_and_leaves_the_journal_intact(journal: Journal, disk: SimDisk) -> None:
    journal.append([Put("events", 1, b"one")])
    disk.room_bytes = 2_048

    with pytest.raises(StoreFullError, match="free"):
        journal.append([Put("events", 2, bytes(4_000))])

    assert journal.writable
    journal.append([Put("events", 2, b"small")])
    assert journal.read("events", 2) == b"small"
    disk.room_bytes = 1 << 20
    journal.append([Put("events", 3, bytes(4_000))])


def test_room_that_vanishes_during_a_write_leaves_the_journal_intact(
    journal: Journal, disk: SimDisk, make_journal: MakeJournal
) -> None:
    journal.append([Put("events", 1, b"one")])
    refuse(disk, after_steps=0, error=errno.ENOSPC)

    with pytest.raises(StoreFullError):
        journal.append([Put("events", 2, bytes(range(200)))])

    journal.append([Put("events", 3, b"three")])
    journal.close()
    assert make_journal().ids("events") == [1, 3]


def test_full_sync_is_a_failed_sync(journal: Journal, disk: SimDisk) -> None:
    refuse(disk, after_steps=1, error=errno.ENOSPC)

    with pytest.raises(JournalFailedError):
        journal.append([Put("events", 1, b"{}")])


def put_for_ever(journal: Journal, *, making_room: bool = False) -> None:
    while True:
        journal.append([Put("events", journal.next_id("events"), bytes(100))], making_room=making_room)


def fill(journal: Journal, *, making_room: bool = False) -> None:
    """Put documents until none fits."""
    with pytest.raises(StoreFullError, match="larger"):
        put_for_ever(journal, making_room=making_room)


def test_journal_never_grows_beyond_its_limit(make_journal: MakeJournal, disk: SimDisk) -> None:
    journal = make_journal(max_bytes=5_000)

    fill(journal)

    assert journal.used_bytes <= 5_000
    assert len(disk.contents(NAME)) == 5_000


def test_full_journal_can_still_be_emptied(make_journal: MakeJournal) -> None:
    journal = make_journal(max_bytes=5_000)
    fill(journal)

    journal.append([Put("state", 1, b'{"confirmed": 9}')], making_room=True)
    journal.append([Remove("events", doc_id) for doc_id in journal.ids("events")[:5]])
    journal.compact()

    newest = journal.next_id("events")
    journal.append([Put("events", newest, bytes(100))])

    assert newest in journal.ids("events")


def test_reserve_ends_as_well(make_journal: MakeJournal) -> None:
    journal = make_journal(max_bytes=5_000)

    fill(journal, making_room=True)

    assert journal.writable
    assert journal.used_bytes <= 5_000


def test_record_beyond_the_format_changes_nothing(journal: Journal) -> None:
    with pytest.raises(RecordTooLargeError):
        journal.append([Put("events", 1, b"{}"), Put("x" * 300, 1, b"{}")])

    assert journal.writable
    assert journal.tables() == []


def test_compaction_is_due_when_enough_is_garbage(make_journal: MakeJournal) -> None:
    journal = make_journal(compact_min_bytes=3_000, compact_garbage_percent=50)
    journal.append([Put("events", 1, bytes(1_000))])
    journal.append([Put("events", 1, bytes(1_000))])
    due_before = journal.compaction_due

    journal.append([Put("events", 1, bytes(1_000))])

    assert (due_before, journal.compaction_due) == (False, True)
    assert journal.used_bytes > 3_000 > journal.live_bytes
    journal.compact()
    assert not journal.compaction_due


def test_live_bytes_foretell_what_a_compaction_leaves(journal: Journal) -> None:
    for doc_id in range(20):
        journal.append([Put("events", doc_id, bytes(100)), Remove("events", doc_id - 5)])
    foretold = journal.live_bytes

    journal.compact()

    tables_record = journal.used_bytes - foretold
    assert 0 < tables_record < 100
