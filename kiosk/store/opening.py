"""Opens a journal file: reads it in, tells a torn end from damage, and makes sure of what it found.

What a dead process left unsynced may lie in the page cache alone, and after a failed sync the page cache may show
what the disk never got. Only the last record of a file can be in doubt, so it is written and synced once more
before anything is built on it.
"""

from kiosk.store.disk import Disk, File
from kiosk.store.errors import JournalDamagedError, JournalForeignError, JournalTooNewError
from kiosk.store.limits import Limits
from kiosk.store.log import Log, begin, damage, zero_fill
from kiosk.store.records import FORMAT, HEADER_BYTES, MAGIC, read_header
from kiosk.store.scan import Record, is_blank, readable, scan


def fresh_name(name: str) -> str:
    """Name under which a file is written until it is whole."""
    return f"{name}.fresh"


def load_or_create(disk: Disk, name: str, limits: Limits) -> Log:
    """Open a file, or begin one where there is none; raises as `load` does."""
    try:
        return load(disk, name)
    except FileNotFoundError:
        _create(disk, name, limits)
        return load(disk, name)


def load(disk: Disk, name: str, *, acknowledged: int = 0) -> Log:
    """Open a file, make all of it durable, and clear away what a crash left of an unfinished record.

    `acknowledged` is the highest sequence that the caller knows to have been there.

    Raises:
        JournalForeignError: it is another kind of file.
        JournalTooNewError: a later release wrote it.
        JournalDamagedError: more is missing than an unfinished last record.
        OSError: the disk refuses. But for this one, the file has not been touched.
    """
    file = disk.open(name)
    try:
        # A process may have ended between a rename and its sync. What is acknowledged from here on must not go to a
        # file that then loses its name.
        disk.sync_directory()
        return _read_in(file, acknowledged)
    except BaseException:
        file.close()
        raise


def _create(disk: Disk, name: str, limits: Limits) -> None:
    log = begin(disk, fresh_name(name), base=0, size=limits.grow_bytes)
    try:
        log.file.fdatasync()
    finally:
        log.file.close()
    disk.rename(fresh_name(name), name)


def _read_in(file: File, acknowledged: int) -> Log:
    log = Log(file, base=_read_base(file), size=file.size())
    last = _replay(log)
    _check_nothing_missing(log, acknowledged)
    if last is not None:
        file.pwrite(bytes(last.raw), last.start)
    if not is_blank(file, log.end, log.size):
        zero_fill(file, log.end, log.size)
    file.fdatasync()
    return log


def _read_base(file: File) -> int:
    start = file.pread(HEADER_BYTES, 0)
    known = read_header(start)
    if known is not None and known[0] > FORMAT:
        raise JournalTooNewError(f"format {known[0]}; this release reads up to {FORMAT}")
    if known is not None:
        return known[1]
    after = sum(1 for _ in readable(file, 0, file.size()))
    # An empty file, or one of zeros, is what some file systems leave of a file after a power cut.
    if after or start.startswith(MAGIC) or not any(start):
        raise JournalDamagedError(0, records_before=0, records_after=after, records_lost=0)
    raise JournalForeignError(f"it begins with {start[:8]!r}")


def _replay(log: Log) -> Record | None:
    last = None
    for record in scan(log.file, log.end, log.size):
        if record.sequence != log.sequence + 1:
            break
        try:
            log.accept(record.raw)
        except ValueError:
            break
        last = record
    return last


def _check_nothing_missing(log: Log, acknowledged: int) -> None:
    """Tell an unfinished last record, which is no loss, from damage: after damage, sound records follow."""
    follows = next(readable(log.file, log.end, log.size), None)
    if follows is not None or log.sequence < acknowledged:
        raise damage(log, newest=acknowledged)
