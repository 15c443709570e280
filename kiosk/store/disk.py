"""Where the store touches the disk: the few operations a journal needs, and their real form on one directory.

Everything above takes a `Disk`, so that tests can cut the power between any two operations. Every call raises
OSError; none is ever repeated here, but for the rest of a short read or write.
"""

import errno
import fcntl
import os
import time
from pathlib import Path
from typing import Protocol

FILE_MODE = 0o600
GIVE_WAY_S = 0.000_1


class File(Protocol):
    """An open file, read and written at offsets, from any thread."""

    def size(self) -> int:
        """Length in bytes."""

    def pread(self, size_bytes: int, offset: int) -> bytes:
        """Read `size_bytes`; fewer come back only at the end of the file."""

    def pwrite(self, data: bytes, offset: int) -> None:
        """Write all of `data`. After an error any part of it may have been written."""

    def fdatasync(self) -> None:
        """Return when the contents and the length are on the disk. After an error nothing is known of them."""

    def close(self) -> None:
        """Let go of the file; closing twice is harmless."""


class Lock(Protocol):
    """An exclusive lock that is held until it is closed or its process ends."""

    def close(self) -> None:
        """Release the lock."""


class Disk(Protocol):
    """One directory. Names are plain file names in it."""

    def open(self, name: str) -> File:
        """Open an existing file for reading and writing; raises FileNotFoundError."""

    def create(self, name: str) -> File:
        """Open an empty file for reading and writing, emptying one that exists."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, replacing what has it. Durable after `sync_directory`."""

    def remove(self, name: str) -> None:
        """Take a file away; raises FileNotFoundError."""

    def sync_directory(self) -> None:
        """Return when the names are on the disk."""

    def lock(self, name: str) -> Lock:
        """Take the exclusive lock that a file of this name stands for; raises BlockingIOError while it is held."""

    def free_bytes(self) -> int:
        """Room that is left for this process."""

    def give_way(self) -> None:
        """Let other threads run; called between the steps of long work."""


class RealFile:
    """A file of the operating system. Interrupted calls are repeated by Python itself (PEP 475)."""

    def __init__(self, path: Path, flags: int) -> None:
        self._fd = os.open(path, flags | os.O_RDWR, FILE_MODE)

    def size(self) -> int:
        """See File."""
        return os.fstat(self._fd).st_size

    def pread(self, size_bytes: int, offset: int) -> bytes:
        """See File."""
        data = os.pread(self._fd, size_bytes, offset)
        while data and len(data) < size_bytes:
            more = os.pread(self._fd, size_bytes - len(data), offset + len(data))
            if not more:
                break
            data += more
        return data

    def pwrite(self, data: bytes, offset: int) -> None:
        """See File."""
        written = os.pwrite(self._fd, data, offset)
        while written < len(data):
            step = os.pwrite(self._fd, data[written:], offset + written)
            if step == 0:
                raise OSError(errno.EIO, "the disk takes no more bytes and does not say why")
            written += step

    def fdatasync(self) -> None:
        """See File."""
        os.fdatasync(self._fd)

    def lock(self) -> None:
        """Lock against every other opening of the same file; raises BlockingIOError."""
        fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def close(self) -> None:
        """See File. The number is forgotten first: the system may give it to another file at once."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)


class RealDisk:
    """A directory of the operating system; it must exist."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def open(self, name: str) -> RealFile:
        """See Disk."""
        return RealFile(self._directory / name, 0)

    def create(self, name: str) -> RealFile:
        """See Disk."""
        return RealFile(self._directory / name, os.O_CREAT | os.O_TRUNC)

    def rename(self, old: str, new: str) -> None:
        """See Disk."""
        (self._directory / old).rename(self._directory / new)

    def remove(self, name: str) -> None:
        """See Disk."""
        (self._directory / name).unlink()

    def sync_directory(self) -> None:
        """See Disk."""
        fd = os.open(self._directory, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(fd)
        finally:
            os.close(fd)

    def lock(self, name: str) -> Lock:
        """See Disk. The file stays behind, empty: removing it would let two processes lock two files."""
        file = RealFile(self._directory / name, os.O_CREAT)
        try:
            file.lock()
        except OSError:
            file.close()
            raise
        return file

    def free_bytes(self) -> int:
        """See Disk."""
        room = os.statvfs(self._directory)
        return room.f_bavail * room.f_frsize

    def give_way(self) -> None:
        """See Disk. A thread that waits for the interpreter needs about this long to wake and take it."""
        time.sleep(GIVE_WAY_S)
