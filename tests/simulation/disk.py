"""A disk in memory that can lose its power, refuse an operation, run full, or lie after a failed sync.

What is written is first only *seen*, as through a page cache; a sync makes it *durable*. `crash_images` gives the
disks that a power cut may leave: any mixture of the sectors that were not synced, and names as they stood at any
moment since the directory was synced. Nothing ever becomes durable by itself, which is stricter than real disks.
"""

import errno
import os
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from enum import Enum
from itertools import combinations, pairwise
from random import Random

SECTOR_BYTES = 512
ALL_MIXTURES_MAX_PIECES = 5
RANDOM_MIXTURES = 8

Piece = tuple[int, bytes]
"""Bytes that reach the disk together, and where they go."""


class Extent(Enum):
    """How much of an operation that is refused has happened all the same."""

    NOTHING = "nothing"
    HALF = "half"
    EVERYTHING = "everything"


@dataclass(frozen=True, slots=True)
class Fault:
    """How one operation is refused. After a sync, what did not happen will never be tried again by itself."""

    error: int = errno.EIO
    extent: Extent = Extent.HALF

    def share(self, whole: int) -> int:
        """Part of `whole` that happens."""
        return {Extent.NOTHING: 0, Extent.HALF: whole // 2, Extent.EVERYTHING: whole}[self.extent]


@dataclass(slots=True)
class Inode:
    """One file: what is durable of it, what is seen, and the writes in between."""

    durable: bytearray = field(default_factory=bytearray)
    seen: bytearray = field(default_factory=bytearray)
    pending: list[Piece] = field(default_factory=list)

    def copy(self) -> "Inode":
        """Take an independent copy."""
        return Inode(self.durable[:], self.seen[:], self.pending[:])

    def after_crash(self, pieces: Iterable[Piece]) -> "Inode":
        """Take what is left when only these pieces had reached the disk."""
        durable = _merge(self.durable[:], pieces)
        return Inode(durable, durable[:])

    def write(self, data: bytes, offset: int) -> None:
        """Show data at once; it becomes durable by a sync."""
        _merge(self.seen, [(offset, data)])
        self.pending.append((offset, data))

    def sync(self, pieces: Iterable[Piece]) -> None:
        """Make these pieces durable, and forget that others were waiting."""
        _merge(self.durable, pieces)
        self.pending.clear()

    def pieces(self) -> list[Piece]:
        """What may reach the disk by itself: the new length, and each sector of each pending write."""
        pieces: list[Piece] = [(len(self.seen), b"")] if len(self.seen) > len(self.durable) else []
        for offset, data in self.pending:
            edges = range((offset // SECTOR_BYTES + 1) * SECTOR_BYTES, offset + len(data), SECTOR_BYTES)
            cuts = [offset, *edges, offset + len(data)]
            pieces += [(at, data[at - offset : stop - offset]) for at, stop in pairwise(cuts)]
        return pieces


class SimDisk:
    """A `kiosk.store.disk.Disk`. Operations are counted in `steps`; `after_step` is called after each that writes.

    `faults` says which steps are refused. `room_bytes` is what all files together may take.
    """

    def __init__(self) -> None:
        self.steps = 0
        self.faults: dict[int, Fault] = {}
        self.room_bytes = 1 << 30
        self.after_step: Callable[[], None] = _do_nothing
        self._names: list[dict[str, Inode]] = [{}]
        self._locked: set[str] = set()

    def open(self, name: str) -> "SimFile":
        """See Disk."""
        self.refuse(self.step())
        return SimFile(self, self._inode(name))

    def create(self, name: str) -> "SimFile":
        """See Disk."""
        self.refuse(self.step())
        inode = Inode()
        self._rename({**self._names[-1], name: inode})
        return SimFile(self, inode)

    def rename(self, old: str, new: str) -> None:
        """See Disk. A rename that is refused may have happened."""
        fault = self.step()
        if fault is None or fault.extent is Extent.EVERYTHING:
            inode = self._inode(old)
            self._rename({**{name: other for name, other in self._names[-1].items() if name != old}, new: inode})
        self.refuse(fault)

    def remove(self, name: str) -> None:
        """See Disk."""
        self.refuse(self.step())
        self._inode(name)
        self._rename({other: inode for other, inode in self._names[-1].items() if other != name})

    def sync_directory(self) -> None:
        """See Disk."""
        fault = self.step()
        if fault is None or fault.extent is Extent.EVERYTHING:
            del self._names[:-1]
        self.refuse(fault)
        self.after_step()

    def lock(self, name: str) -> "SimLock":
        """See Disk."""
        self.refuse(self.step())
        if name in self._locked:
            raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN), name)
        self._locked.add(name)
        return SimLock(self._locked, name)

    def free_bytes(self) -> int:
        """See Disk."""
        return self.room_bytes - sum(len(inode.seen) for inode in self._names[-1].values())

    def give_way(self) -> None:
        """See Disk. Nobody else is here."""

    def names(self) -> set[str]:
        """Names that are seen."""
        return set(self._names[-1])

    def contents(self, name: str) -> bytes:
        """All that is seen of a file."""
        return bytes(self._inode(name).seen)

    def place(self, name: str, data: bytes) -> None:
        """Put a durable file there, from outside."""
        self._names = [{**self._names[-1], name: Inode(bytearray(data), bytearray(data))}]

    def cut(self, name: str, size: int) -> None:
        """Shorten a file, from outside."""
        inode = self._inode(name)
        del inode.seen[size:]
        inode.durable = inode.seen[:]

    def rot(self, name: str, offset: int) -> None:
        """Change one byte of a file, from outside."""
        inode = self._inode(name)
        inode.seen[offset] ^= 0xFF
        inode.durable = inode.seen[:]

    def killed(self) -> "SimDisk":
        """Give the disk that the next process finds after this one was killed: all that is seen is still seen."""
        copies: dict[int, Inode] = {}
        return self._with(
            [
                {name: copies.setdefault(id(inode), inode.copy()) for name, inode in names.items()}
                for names in self._names
            ]
        )

    def forget_cache(self) -> None:
        """See files as the disk has them, and what still waits to be written; what a failed sync lost is gone."""
        for inode in self._names[-1].values():
            inode.seen[:] = _merge(inode.durable[:], inode.pending)

    def crash_images(self, name: str, random: Random) -> Iterator["SimDisk"]:
        """Give every disk that a power cut may leave at this moment, as far as one file is concerned.

        Of very many mixtures of its sectors it is a choice; the other files are left in any state.
        """
        for names in self._names:
            chosen = _mixtures(names[name].pieces(), random) if name in names else iter([[]])
            for pieces in chosen:
                files = {other: inode.after_crash(_some(inode.pieces(), random)) for other, inode in names.items()}
                if name in names:
                    files[name] = names[name].after_crash(pieces)
                yield self._with([files])

    def crash_image(self, random: Random) -> "SimDisk":
        """Give one of the disks that a power cut may leave at this moment: any mixture, or all of it up to a moment."""
        names = random.choice(self._names)
        files = {}
        for name, inode in names.items():
            pieces = inode.pieces()
            is_torn = random.random() < 0.5
            files[name] = inode.after_crash(
                _some(pieces, random) if is_torn else pieces[: random.randint(0, len(pieces))]
            )
        return self._with([files])

    def step(self) -> Fault | None:
        """Count one operation, and tell how it is to be refused, if at all."""
        fault = self.faults.get(self.steps)
        self.steps += 1
        return fault

    def refuse(self, fault: Fault | None) -> None:
        """Raise the error of a fault."""
        if fault is not None:
            self.after_step()
            raise OSError(fault.error, os.strerror(fault.error))

    def _inode(self, name: str) -> Inode:
        try:
            return self._names[-1][name]
        except KeyError:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), name) from None

    def _rename(self, names: dict[str, Inode]) -> None:
        self._names.append(names)
        self.after_step()

    def _with(self, names: list[dict[str, Inode]]) -> "SimDisk":
        disk = SimDisk()
        disk.room_bytes = self.room_bytes
        disk._names = names
        return disk


class SimFile:
    """A `kiosk.store.disk.File`."""

    def __init__(self, disk: SimDisk, inode: Inode) -> None:
        self._disk = disk
        self._inode = inode
        self._open = True

    def size(self) -> int:
        """See File."""
        return len(self._inode.seen)

    def pread(self, size_bytes: int, offset: int) -> bytes:
        """See File."""
        self._disk.refuse(self._step())
        return bytes(self._inode.seen[offset : offset + size_bytes])

    def pwrite(self, data: bytes, offset: int) -> None:
        """See File. A write that is refused has written a first part; for want of room, never all."""
        fault = self._step()
        done = len(data) if fault is None else fault.share(len(data))
        lacking = max(0, offset + len(data) - self.size()) - max(0, self._disk.free_bytes())
        if fault is None and lacking > 0:
            fault = Fault(errno.ENOSPC)
            done = max(0, len(data) - lacking)
        if fault is not None and fault.error == errno.ENOSPC:
            done = min(done, len(data) - 1)
        self._inode.write(data[:done], offset)
        self._disk.refuse(fault)
        self._disk.after_step()

    def fdatasync(self) -> None:
        """See File. What a refused sync leaves out is seen and yet will not become durable, as on Linux."""
        fault = self._step()
        pieces = self._inode.pieces()
        self._inode.sync(pieces if fault is None else pieces[: fault.share(len(pieces))])
        self._disk.refuse(fault)
        self._disk.after_step()

    def close(self) -> None:
        """See File."""
        self._open = False

    def _step(self) -> Fault | None:
        if not self._open:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        return self._disk.step()


class SimLock:
    """A `kiosk.store.disk.Lock`."""

    def __init__(self, locked: set[str], name: str) -> None:
        self._locked = locked
        self._name = name

    def close(self) -> None:
        """See Lock."""
        self._locked.discard(self._name)


def _do_nothing() -> None:
    pass


def _merge(content: bytearray, pieces: Iterable[Piece]) -> bytearray:
    """Put pieces where they belong; returns the same array, for files are large and written often."""
    for offset, data in pieces:
        content.extend(bytes(max(0, offset + len(data) - len(content))))
        content[offset : offset + len(data)] = data
    return content


def _some(pieces: list[Piece], random: Random) -> list[Piece]:
    return [piece for piece in pieces if random.random() < 0.5]


def _mixtures(pieces: list[Piece], random: Random) -> Iterator[list[Piece]]:
    """Choices of the pieces that reached the disk: all choices of a few; of many, what tears files in known ways."""
    count = len(pieces)
    if count <= ALL_MIXTURES_MAX_PIECES:
        for size in range(count + 1):
            yield from map(list, combinations(pieces, size))
        return
    for cut in range(count + 1):
        yield pieces[:cut]
    for cut in range(1, count):
        yield pieces[cut:]
    for index in range(1, count - 1):
        yield pieces[:index] + pieces[index + 1 :]
        yield [pieces[index]]
    for _ in range(RANDOM_MIXTURES):
        yield _some(pieces, random)
