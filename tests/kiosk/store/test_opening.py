"""What an opening makes of files that are new, torn, damaged, foreign or too new."""

from random import Random
from zlib import crc32

import pytest

from kiosk.store.errors import (
    JournalDamagedError,
    JournalForeignError,
    JournalTooNewError,
    StoreError,
)
from kiosk.store.journal import Journal
from kiosk.store.operations import Clear, Operation, Put
from kiosk.store.records import HEADER_BYTES, RECORD_HEADER_BYTES, RECORDS_START, encode, header
from kiosk.store.salvage import salvage
from tests.kiosk.store.conftest import NAME, MakeJournal
from tests.simulation.disk import SimDisk

RECORDS: list[list[Operation]] = [[Put("events", doc_id, b"%d" % doc_id * 200)] for doc_id in range(1, 7)]


def make_file(records: list[bytes], *, tail: bytes = bytes(3_000)) -> bytes:
    return header(0) + b"".join(records) + tail


def make_records() -> list[bytes]:
    return [encode(sequence, operations) for sequence, operations in enumerate(RECORDS, start=1)]


def make_strange(sequence: int) -> bytes:
    """Build a sound record of a kind that a later release may have."""
    raw = bytearray(encode(sequence, [Clear("events")]))
    raw[RECORD_HEADER_BYTES] = 99
    return bytes(raw[:4]) + crc32(raw[8:]).to_bytes(4, "little") + bytes(raw[8:])


def refusal(disk: SimDisk, make_journal: MakeJournal, data: bytes) -> StoreError:
    """Open a file that must be refused, and see that it was left alone and is not locked."""
    disk.place(NAME, data)
    with pytest.raises(StoreError) as caught:
        make_journal()
    assert disk.contents(NAME) == data
    disk.lock(f"{NAME}.lock").close()
    return caught.value


def damage(disk: SimDisk, make_journal: MakeJournal, data: bytes) -> tuple[int, int, int]:
    error = refusal(disk, make_journal, data)
    assert isinstance(error, JournalDamagedError), error
    return error.records_before, error.records_after, error.records_lost


def test_new_journal_is_durable_before_it_is_used(journal: Journal, disk: SimDisk) -> None:
    assert journal.writable

    images = list(disk.crash_images(NAME, Random(0)))

    assert [image.contents(NAME) for image in images] == [disk.contents(NAME)]


def test_sound_file_is_taken_as_it_is(disk: SimDisk, make_journal: MakeJournal) -> None:
    data = make_file(make_records())
    disk.place(NAME, data)

    journal = make_journal()

    assert journal.ids("events") == [1, 2, 3, 4, 5, 6]
    assert disk.contents(NAME) == data


def test_file_without_a_tail_is_sound(disk: SimDisk, make_journal: MakeJournal) -> None:
    disk.place(NAME, make_file(make_records(), tail=b""))

    journal = make_journal()

    journal.append([Put("events", 7, b"seven")])
    assert journal.count("events") == 7


def test_sequence_may_begin_anywhere(disk: SimDisk, make_journal: MakeJournal) -> None:
    disk.place(NAME, header(-2) + encode(-1, RECORDS[0]) + encode(0, RECORDS[1]))

    assert make_journal().ids("events") == [1, 2]


def test_torn_last_record_is_cut_for_good(disk: SimDisk, make_journal: MakeJournal) -> None:
    *whole, last = make_records()
    for cut in range(0, len(last), 7):
        for rest in (b"", bytes(50), Random(cut).randbytes(50)):
            disk.place(NAME, make_file([*whole, last[:cut] + rest]))

            journal = make_journal()

            assert journal.ids("events") == [1, 2, 3, 4, 5]
            assert not any(disk.contents(NAME)[journal.used_bytes :])
            journal.close()


def test_last_record_with_any_hole_is_cut(disk: SimDisk, make_journal: MakeJournal) -> None:
    *whole, last = make_records()
    for hole in range(len(last)):
        holed = last[:hole] + bytes([last[hole] ^ 0xFF]) + last[hole + 1 :]
        disk.place(NAME, make_file([*whole, holed]))

        journal = make_journal()

        assert journal.ids("events") == [1, 2, 3, 4, 5]
        journal.close()


def test_damage_before_sound_records_is_refused_and_counted(disk: SimDisk, make_journal: MakeJournal) -> None:
    records = make_records()
    for position in range(0, len(records[2]), 11):
        broken = bytearray(records[2])
        broken[position] ^= 0x55
        data = make_file([*records[:2], bytes(broken), *records[3:]])

        assert damage(disk, make_journal, data) == (2, 3, 1)


def test_zeros_in_the_middle_are_damage(disk: SimDisk, make_journal: MakeJournal) -> None:
    first, second, third, *others = make_records()

    assert damage(disk, make_journal, make_file([first, bytes(len(second + third)), *others])) == (1, 3, 2)


def test_several_damages_are_counted_together(disk: SimDisk, make_journal: MakeJournal) -> None:
    first, second, third, fourth, fifth, sixth = make_records()
    data = make_file([first, bytes(len(second)), third, b"?" * len(fourth), fifth, sixth])

    assert damage(disk, make_journal, data) == (1, 3, 2)


def test_missing_record_between_sound_ones_is_damage(disk: SimDisk, make_journal: MakeJournal) -> None:
    records = make_records()
    del records[3]

    assert damage(disk, make_journal, make_file(records)) == (3, 2, 1)


def test_sound_record_of_the_past_is_damage(disk: SimDisk, make_journal: MakeJournal) -> None:
    first, second, *_ = make_records()

    assert damage(disk, make_journal, make_file([first, second, first])) == (2, 1, 0)


def test_missing_first_record_is_damage(disk: SimDisk, make_journal: MakeJournal) -> None:
    assert damage(disk, make_journal, make_file(make_records()[1:])) == (0, 5, 1)


def test_sound_last_record_that_is_not_understood_is_not_cut(disk: SimDisk, make_journal: MakeJournal) -> None:
    first, second, *_ = make_records()

    assert damage(disk, make_journal, make_file([first, second, make_strange(3)])) == (2, 1, 0)


def test_unreadable_header_is_damage_that_counts_the_records(disk: SimDisk, make_journal: MakeJournal) -> None:
    data = make_file(make_records())

    assert damage(disk, make_journal, bytes(RECORDS_START) + data[RECORDS_START:]) == (0, 6, 0)
    assert damage(disk, make_journal, data[:9] + b"?" + data[10:]) == (0, 6, 0)
    assert damage(disk, make_journal, b"overwritten" + data[11:]) == (0, 6, 0)


@pytest.mark.parametrize("data", [b"", bytes(100), bytes(10_000), header(0)[: HEADER_BYTES - 1]])
def test_file_that_a_power_cut_emptied_is_damage(disk: SimDisk, make_journal: MakeJournal, data: bytes) -> None:
    assert damage(disk, make_journal, data) == (0, 0, 0)


@pytest.mark.parametrize("data", [b'{"_default": {}}', b"SQLite format 3\0" + bytes(5_000), b"\xff"])
def test_foreign_file_is_refused(disk: SimDisk, make_journal: MakeJournal, data: bytes) -> None:
    assert isinstance(refusal(disk, make_journal, data), JournalForeignError)


def test_newer_format_is_refused(disk: SimDisk, make_journal: MakeJournal) -> None:
    fields = header(0)[:8] + (2).to_bytes(4, "little") + bytes(8)
    newer = fields + crc32(fields).to_bytes(4, "little")

    error = refusal(disk, make_journal, newer + bytes(500))

    assert isinstance(error, JournalTooNewError)
    assert "format 2" in str(error)


def test_damaged_file_can_be_set_aside_and_salvaged(disk: SimDisk, make_journal: MakeJournal) -> None:
    records = make_records()
    disk.place(NAME, make_file([*records[:2], b"?" * len(records[2]), *records[3:]]))
    with pytest.raises(JournalDamagedError):
        make_journal()

    disk.rename(NAME, "aside")
    journal = make_journal()
    journal.append(list(salvage(disk, "aside")))

    assert journal.ids("events") == [1, 2, 4, 5, 6]
    assert journal.read("events", 6) == b"6" * 200


def test_salvage_leaves_out_what_it_does_not_understand(disk: SimDisk) -> None:
    first, second, *_ = make_records()
    disk.place("aside", make_file([first, make_strange(2), second]))

    assert list(salvage(disk, "aside")) == RECORDS[0] + RECORDS[1]


def test_rest_of_a_compaction_is_cleared_away(disk: SimDisk, make_journal: MakeJournal) -> None:
    disk.place(f"{NAME}.fresh", b"half a file")

    make_journal()

    assert disk.names() == {NAME}


def test_acknowledged_records_that_vanish_are_damage(journal: Journal, disk: SimDisk) -> None:
    journal.append([Put("events", 1, b"one")])
    before = disk.contents(NAME)
    journal.append([Put("events", 2, b"two")])
    disk.place(NAME, before)

    with pytest.raises(JournalDamagedError) as caught:
        journal.reopen()

    assert caught.value.records_lost == 1
    assert not journal.writable
    assert disk.contents(NAME) == before
    assert journal.ids("events") == [1, 2]
