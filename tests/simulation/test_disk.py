"""The simulated disk itself: what it keeps, what it loses, and what it refuses."""

import errno
from random import Random

import pytest

from tests.simulation.disk import SECTOR_BYTES, Extent, Fault, SimDisk

RANDOM = Random(0)


def make_disk(data: bytes = b"") -> SimDisk:
    disk = SimDisk()
    disk.place("file", data)
    return disk


def images(disk: SimDisk) -> set[bytes]:
    return {image.contents("file") for image in disk.crash_images("file", RANDOM)}


def test_write_is_seen_at_once_and_lost_without_a_sync() -> None:
    disk = make_disk(b"old")

    disk.open("file").pwrite(b"new", 0)

    assert disk.contents("file") == b"new"
    assert images(disk) == {b"old", b"new"}


def test_synced_write_is_in_every_image() -> None:
    disk = make_disk(b"old")
    file = disk.open("file")

    file.pwrite(b"new", 0)
    file.fdatasync()

    assert images(disk) == {b"new"}


def test_write_over_two_sectors_may_be_torn_both_ways() -> None:
    old, new = b"o" * 2 * SECTOR_BYTES, b"n" * 2 * SECTOR_BYTES
    disk = make_disk(old)

    disk.open("file").pwrite(new, 0)

    half = SECTOR_BYTES
    assert images(disk) == {old, new, new[:half] + old[half:], old[:half] + new[half:]}


def test_length_may_arrive_without_the_data() -> None:
    disk = make_disk(b"old")

    disk.open("file").pwrite(b"new", 3)

    assert images(disk) == {b"old", b"old\0\0\0", b"oldnew"}


def test_long_write_is_torn_in_every_simple_way() -> None:
    sectors = 9
    disk = make_disk(bytes(sectors * SECTOR_BYTES))
    disk.open("file").pwrite(b"n" * sectors * SECTOR_BYTES, 0)

    torn = {tuple(image[at] != 0 for at in range(0, len(image), SECTOR_BYTES)) for image in images(disk)}

    for cut in range(sectors + 1):
        assert (True,) * cut + (False,) * (sectors - cut) in torn
        assert (False,) * cut + (True,) * (sectors - cut) in torn
    for hole in range(sectors):
        assert (True,) * hole + (False,) + (True,) * (sectors - hole - 1) in torn


def test_names_are_durable_after_the_directory_is_synced() -> None:
    disk = make_disk(b"old")
    disk.create("fresh").pwrite(b"", 0)
    disk.rename("fresh", "file")

    assert images(disk) == {b"old", b""}

    disk.sync_directory()
    assert images(disk) == {b""}


def test_killed_process_leaves_what_is_seen() -> None:
    disk = make_disk(b"old")
    disk.lock("file.lock")
    disk.open("file").pwrite(b"new", 0)

    after = disk.killed()

    assert after.contents("file") == b"new"
    assert images(after) == {b"old", b"new"}
    after.lock("file.lock")


@pytest.mark.parametrize(
    ("extent", "durable"), [(Extent.NOTHING, b"oldold"), (Extent.EVERYTHING, b"newnew")], ids=["nothing", "everything"]
)
def test_failed_sync_is_never_made_up_for(extent: Extent, durable: bytes) -> None:
    disk = make_disk(b"oldold")
    file = disk.open("file")
    file.pwrite(b"newnew", 0)
    disk.faults = {disk.steps: Fault(errno.EIO, extent)}

    with pytest.raises(OSError, match="Input/output"):
        file.fdatasync()
    file.fdatasync()

    assert disk.contents("file") == b"newnew"
    assert images(disk) == {durable}
    disk.forget_cache()
    assert disk.contents("file") == durable


def test_full_disk_takes_a_first_part() -> None:
    disk = make_disk(b"old")
    disk.room_bytes = 5

    with pytest.raises(OSError, match="No space"):
        disk.open("file").pwrite(b"newer", 3)

    assert disk.contents("file") == b"oldne"
    assert disk.free_bytes() == 0
    disk.open("file").pwrite(b"place", 0)


def test_closed_file_refuses() -> None:
    file = make_disk().open("file")
    file.close()

    with pytest.raises(OSError, match="Bad file"):
        file.pread(1, 0)
