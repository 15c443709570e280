"""The real disk, in a real directory."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.store.disk import RealDisk, RealFile


@pytest.fixture
def disk(tmp_path: Path) -> RealDisk:
    return RealDisk(tmp_path)


@pytest.fixture
def file(disk: RealDisk) -> Iterator[RealFile]:
    file = disk.create("file")
    yield file
    file.close()


def test_what_was_written_is_read_at_its_offset(file: RealFile) -> None:
    file.pwrite(b"later", 10)
    file.pwrite(b"first", 0)
    file.fdatasync()

    assert file.pread(15, 0) == b"first\0\0\0\0\0later"
    assert file.size() == 15


def test_read_beyond_the_end_is_short(file: RealFile) -> None:
    file.pwrite(b"abc", 0)

    assert file.pread(10, 1) == b"bc"
    assert file.pread(10, 3) == b""


def test_short_writes_are_continued(file: RealFile, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = os.pwrite
    monkeypatch.setattr(os, "pwrite", lambda fd, data, offset: whole(fd, data[:3], offset))

    file.pwrite(b"0123456789", 5)

    assert file.pread(20, 5) == b"0123456789"


def test_write_that_makes_no_progress_fails(file: RealFile, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "pwrite", lambda _fd, _data, _offset: 0)

    with pytest.raises(OSError, match="no more bytes"):
        file.pwrite(b"0123456789", 0)


def test_short_reads_are_continued(file: RealFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.pwrite(b"0123456789", 0)
    whole = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, offset: whole(fd, min(size, 3), offset))

    assert file.pread(8, 1) == b"12345678"
    assert file.pread(20, 5) == b"56789"


def test_closed_file_refuses_and_may_be_closed_again(disk: RealDisk) -> None:
    file = disk.create("file")
    file.close()

    file.close()

    with pytest.raises(OSError, match="Bad file descriptor"):
        file.pread(1, 0)


def test_missing_file_is_told_from_other_errors(disk: RealDisk) -> None:
    with pytest.raises(FileNotFoundError):
        disk.open("missing")
    with pytest.raises(FileNotFoundError):
        disk.remove("missing")


def test_create_empties_a_file_and_keeps_it_private(disk: RealDisk, tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")

    file = disk.create("file")

    assert file.size() == 0
    file.close()
    other = disk.create("other")
    other.close()
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o600


def test_rename_replaces_and_remove_removes(disk: RealDisk, tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    (tmp_path / "new").write_bytes(b"new")

    disk.rename("new", "old")
    disk.sync_directory()

    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("old", b"new")]
    disk.remove("old")
    assert not list(tmp_path.iterdir())


def test_lock_excludes_until_it_is_closed(disk: RealDisk) -> None:
    lock = disk.lock("file.lock")

    with pytest.raises(BlockingIOError):
        disk.lock("file.lock")

    lock.close()
    disk.lock("file.lock").close()


def test_free_bytes_are_those_of_the_file_system(disk: RealDisk, tmp_path: Path) -> None:
    room = os.statvfs(tmp_path)

    assert 0 < disk.free_bytes() <= room.f_blocks * room.f_frsize
