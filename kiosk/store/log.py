"""One journal file that is open: what is known of it, and writing at its end. It knows no threads and no policy."""

import errno

from kiosk.store.disk import Disk, File
from kiosk.store.errors import JournalDamagedError
from kiosk.store.index import Index, Place, offset_of, size_of
from kiosk.store.limits import WINDOW_BYTES
from kiosk.store.records import RECORDS_START, header
from kiosk.store.scan import readable


class Log:
    """An open file with its index. Records end at `end`, and zeros lie ready from there to `size`."""

    def __init__(self, file: File, *, base: int, size: int) -> None:
        self.file = file
        self.index = Index()
        self.base = base
        self.sequence = base
        self.end = RECORDS_START
        self.size = max(size, RECORDS_START)

    def read(self, at: Place) -> bytes:
        """Bytes of one document."""
        return self._read(offset_of(at), size_of(at))

    def read_all(self, places: list[Place]) -> list[bytes]:
        """Bytes of several documents; where they lie close together, by one read."""
        low = min(map(offset_of, places), default=0)
        high = max((offset_of(at) + size_of(at) for at in places), default=0)
        if high - low > WINDOW_BYTES:
            return [self.read(at) for at in places]
        span = memoryview(self._read(low, high - low))
        return [bytes(span[offset_of(at) - low :][: size_of(at)]) for at in places]

    def accept(self, raw: memoryview | bytes) -> None:
        """Take up the record that lies at `end`; raises ValueError as `Index.apply` does."""
        self.index.apply(raw, self.end)
        self.end += len(raw)
        self.sequence += 1

    def write(self, data: bytes) -> None:
        """Write records at `end`. They are neither synced nor taken up."""
        self.file.pwrite(data, self.end)
        self.size = max(self.size, self.end + len(data))

    def prepare(self, size: int) -> None:
        """Lay zeros ready up to `size`, unsynced.

        Records then fall on blocks that the file already has, so that their syncs have no block map to write.
        """
        zero_fill(self.file, self.size, size)
        self.size = max(self.size, size)

    def frozen(self, file: File) -> "Log":
        """Take what is known now, to be read through another opening of the same file."""
        other = self.upto(self.end, self.sequence)
        other.file = file
        other.index = self.index.copy()
        return other

    def upto(self, end: int, sequence: int) -> "Log":
        """Take the file as if it could be read only so far, to say what is damaged; without an index."""
        other = Log(self.file, base=self.base, size=self.size)
        other.sequence = sequence
        other.end = end
        return other

    def _read(self, offset: int, size: int) -> bytes:
        data = self.file.pread(size, offset)
        if len(data) < size:
            raise OSError(errno.EIO, "the file has become shorter")
        return data


def begin(disk: Disk, name: str, *, base: int, size: int) -> Log:
    """Write a file without records, with zeros up to `size`. Nothing of it is synced."""
    file = disk.create(name)
    try:
        file.pwrite(header(base), 0)
        log = Log(file, base=base, size=RECORDS_START)
        log.prepare(size)
    except OSError:
        file.close()
        raise
    return log


def damage(log: Log, *, newest: int = 0) -> JournalDamagedError:
    """Say how much of a file can be read, given that its log ends where no sound record is.

    `newest` is the highest sequence that is known to have been there, if any is.
    """
    after = [record.sequence for record in readable(log.file, log.end, log.size)]
    beyond = max(newest, *after, log.sequence) - log.sequence
    return JournalDamagedError(
        log.end,
        records_before=log.sequence - log.base,
        records_after=len(after),
        records_lost=max(beyond - len(after), 0),
    )


def zero_fill(file: File, start: int, stop: int) -> None:
    """Write zeros from `start` to `stop`."""
    for at in range(start, stop, WINDOW_BYTES):
        file.pwrite(bytes(min(WINDOW_BYTES, stop - at)), at)
