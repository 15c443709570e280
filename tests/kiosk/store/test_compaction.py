"""Compaction: what it keeps, what it tolerates meanwhile, and what its failures leave."""

import errno
from collections.abc import Callable
from itertools import count

import pytest

from kiosk.store.errors import (
    CompactionFailedError,
    JournalDamagedError,
    JournalFailedError,
    StoreError,
    StoreFullError,
)
from kiosk.store.journal import Journal
from kiosk.store.limits import STEP_RECORDS
from kiosk.store.operations import Clear, Drop, Put, Remove
from tests.kiosk.store.campaign import state_of
from tests.kiosk.store.conftest import NAME, MakeJournal
from tests.simulation.disk import Extent, Fault, SimDisk


def fill(journal: Journal, documents: int = 3 * STEP_RECORDS) -> None:
    """Put documents of all sizes, replace some, remove some."""
    for doc_id in range(documents):
        journal.append([Put("events", doc_id, bytes([doc_id % 256]) * (doc_id % 400))])
    journal.append([Put("events", doc_id, b"replaced") for doc_id in range(0, documents, 7)])
    journal.append([Remove("events", doc_id) for doc_id in range(0, documents, 5)])
    journal.append([Put("leases", 1, b"one"), Clear("empty"), Put("dropped", 5, b"gone"), Drop("dropped")])


def meanwhile(disk: SimDisk, journal: Journal, act: Callable[[], None]) -> None:
    """Let something happen once, from inside the next compaction, while it does not hold the lock."""

    def step() -> None:
        if f"{NAME}.fresh" in disk.names() and not journal.lock._is_owned():  # type: ignore[attr-defined]
            disk.after_step = lambda: None
            act()

    disk.after_step = step


def test_everything_is_kept_in_its_order(journal: Journal, make_journal: MakeJournal) -> None:
    fill(journal)
    before = state_of(journal)
    used_before = journal.used_bytes

    journal.compact()

    assert state_of(journal) == before
    assert journal.used_bytes < used_before
    journal.append([Put("events", 9_999, b"after")])
    after = state_of(journal)
    journal.close()
    assert state_of(make_journal()) == after


def test_journal_without_tables_is_compacted(journal: Journal, make_journal: MakeJournal) -> None:
    journal.compact()
    journal.append([Put("events", 1, b"one")])

    journal.compact()
    journal.close()

    assert make_journal().read("events", 1) == b"one"


def test_next_ids_are_kept_when_every_document_is_gone(journal: Journal, make_journal: MakeJournal) -> None:
    journal.append([Put("events", 7, b"{}")])
    journal.append([Drop("events")])

    journal.compact()
    journal.compact()
    journal.close()

    assert make_journal().next_id("events") == 8


def test_what_is_appended_meanwhile_is_kept(journal: Journal, disk: SimDisk, make_journal: MakeJournal) -> None:
    fill(journal)
    meanwhile(
        disk, journal, lambda: journal.append([Put("events", 9_999, b"new"), Remove("events", 1), Clear("leases")])
    )

    journal.compact()

    after = state_of(journal)
    assert journal.read("events", 9_999) == b"new"
    assert not journal.contains("events", 1)
    assert journal.tables() == ["events", "leases", "empty"]
    journal.close()
    assert state_of(make_journal()) == after


def test_compacted_file_is_ready_for_the_next_record(journal: Journal, disk: SimDisk) -> None:
    fill(journal)
    journal.compact()
    before = disk.steps

    journal.append([Put("events", 1, b"{}")])

    assert disk.steps - before == 2
    assert disk.names() == {NAME}


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
def test_refusal_at_any_step_leaves_the_journal_whole(make_journal: MakeJournal, disk: SimDisk, error: int) -> None:
    journal = make_journal()
    fill(journal, 20)
    before = state_of(journal)
    raised: set[type[StoreError]] = set()
    for step in count():
        disk.faults = {disk.steps + step: Fault(error, Extent.HALF)}
        try:
            journal.compact()
        except (CompactionFailedError, StoreFullError) as caught:
            raised.add(type(caught))
            assert journal.writable
        except JournalFailedError as caught:
            raised.add(type(caught))
            journal.reopen()
        else:
            break
        disk.faults = {}
        assert state_of(journal) == before
        assert disk.names() == {NAME}

    assert step > 10
    assert raised == {JournalFailedError, CompactionFailedError if error == errno.EIO else StoreFullError}


def test_compaction_without_room_for_it_does_not_begin(journal: Journal, disk: SimDisk) -> None:
    fill(journal)
    disk.room_bytes = len(disk.contents(NAME)) + 1_000

    with pytest.raises(StoreFullError):
        journal.compact()

    assert disk.names() == {NAME}
    journal.append([Put("events", 9_999, b"goes on")])


def test_compaction_is_given_up_when_the_journal_was_reopened_meanwhile(journal: Journal, disk: SimDisk) -> None:
    fill(journal)

    def reopen() -> None:
        journal.reopen()
        journal.append([Put("events", 9_999, b"new")])

    meanwhile(disk, journal, reopen)

    with pytest.raises(CompactionFailedError, match="opened again"):
        journal.compact()

    assert journal.read("events", 9_999) == b"new"
    assert disk.names() == {NAME}


def test_rot_is_not_given_a_fresh_checksum(journal: Journal, disk: SimDisk) -> None:
    fill(journal)
    rotten = disk.contents(NAME).index(b"\x05" * 5)
    disk.rot(NAME, rotten)
    before = disk.contents(NAME)

    with pytest.raises(JournalDamagedError):
        journal.compact()

    assert disk.contents(NAME) == before
    assert disk.names() == {NAME}


def test_rot_of_what_was_appended_meanwhile_is_not_lost_in_silence(journal: Journal, disk: SimDisk) -> None:
    fill(journal)

    def append_and_rot() -> None:
        journal.append([Put("events", 9_999, b"appended meanwhile")])
        disk.rot(NAME, disk.contents(NAME).index(b"appended meanwhile"))

    meanwhile(disk, journal, append_and_rot)

    with pytest.raises(JournalDamagedError):
        journal.compact()

    assert journal.contains("events", 9_999)
    assert disk.names() == {NAME}
