"""The journal: documents in tables, kept so that nothing acknowledged is ever lost, whatever the power does.

A change returns when it is on the disk. After a failed write or sync nothing is known of the disk, so the journal
is read-only until `reopen()` has read it again; a sync is never tried twice. Memory holds where documents lie,
never documents. It knows bytes and ids; what a document says is the tables' business.
"""

import errno
import threading
from collections.abc import Iterable, Sequence
from contextlib import suppress

from kiosk.store.compaction import catch_up, rewrite
from kiosk.store.disk import Disk, Lock
from kiosk.store.errors import (
    CompactionFailedError,
    JournalFailedError,
    JournalLockedError,
    JournalReadOnlyError,
    StoreError,
    StoreFullError,
)
from kiosk.store.index import Index
from kiosk.store.limits import DEFAULT_LIMITS, Limits
from kiosk.store.log import Log
from kiosk.store.opening import fresh_name, load, load_or_create
from kiosk.store.operations import Operation, Put
from kiosk.store.records import RECORDS_START, encode

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Journal:
    """One journal file, open for this process alone. Made by `Journal.open`.

    Every method may be called from any thread. `lock` is re-entrant; whoever wants several calls to see one state
    holds it around them, but never around `compact` or `close`.
    """

    def __init__(self, disk: Disk, name: str, *, log: Log, limits: Limits, guard: Lock) -> None:
        self.lock = threading.RLock()
        self.limits = limits
        self._disk = disk
        self._name = name
        self._log = log
        self._guard = guard
        self._failure = ""
        self._closed = False
        self._compacting = threading.Lock()

    @classmethod
    def open(cls, disk: Disk, name: str, limits: Limits = DEFAULT_LIMITS) -> "Journal":
        """Open a journal, or begin one where there is none.

        Raises:
            JournalLockedError: it is open elsewhere.
            JournalForeignError, JournalTooNewError, JournalDamagedError: the file is not one to go on with.
            StoreFullError, JournalFailedError: the disk refuses; a later attempt may succeed.
        """
        try:
            guard = disk.lock(f"{name}.lock")
        except BlockingIOError as error:
            raise JournalLockedError(f"{name} is open elsewhere") from error
        except OSError as error:
            raise _refusal(f"{name} cannot be locked", error) from error
        try:
            with suppress(FileNotFoundError):
                disk.remove(fresh_name(name))
            log = load_or_create(disk, name, limits)
        except OSError as error:
            guard.close()
            raise _refusal(f"{name} cannot be opened", error) from error
        except StoreError:
            guard.close()
            raise
        return cls(disk, name, log=log, limits=limits, guard=guard)

    @property
    def writable(self) -> bool:
        """Whether changes are taken; if not, `reopen()` is called for."""
        return not self._failure

    @property
    def used_bytes(self) -> int:
        """Bytes of the file that records take, garbage among them; never above `limits.max_bytes`."""
        return self._log.end

    @property
    def live_bytes(self) -> int:
        """About how many bytes a compaction would leave."""
        return RECORDS_START + self._log.index.live_bytes

    @property
    def compaction_due(self) -> bool:
        """Whether so much is garbage that `compact()` is worth its while."""
        used, limits = self.used_bytes, self.limits
        garbage = used - self.live_bytes
        if used + 2 * limits.reserve_bytes >= limits.max_bytes and garbage >= limits.reserve_bytes // 2:
            return True
        return used >= limits.compact_min_bytes and 100 * garbage // used >= limits.compact_garbage_percent

    def tables(self) -> list[str]:
        """Names of the tables that exist, oldest first."""
        with self.lock:
            return list(self._index.tables)

    def ids(self, table: str) -> list[int]:
        """Ids in a table, in its order."""
        with self.lock:
            return list(self._index.tables.get(table, ()))

    def count(self, table: str) -> int:
        """How many documents a table has."""
        with self.lock:
            return len(self._index.tables.get(table, ()))

    def contains(self, table: str, doc_id: int) -> bool:
        """Tell whether a document is there."""
        with self.lock:
            return doc_id in self._index.tables.get(table, ())

    def next_id(self, table: str) -> int:
        """Lowest id that a table never had; also after removals, reopening and compaction."""
        with self.lock:
            return self._index.next_id(table)

    def read(self, table: str, doc_id: int) -> bytes:
        """Bytes of a document exactly as they were put.

        Raises:
            KeyError: it is not there.
            JournalFailedError: the disk refuses.
        """
        with self.lock:
            at = self._index.tables.get(table, {})[doc_id]
            try:
                return self._log.read(at)
            except OSError as error:
                raise self._failed("a read", error) from error

    def read_many(self, table: str, doc_ids: Iterable[int]) -> list[tuple[int, bytes]]:
        """Bytes of those documents that are there, each with its id, in the order asked for."""
        with self.lock:
            places = self._index.tables.get(table, {})
            found = [doc_id for doc_id in doc_ids if doc_id in places]
            try:
                return list(zip(found, self._log.read_all([places[doc_id] for doc_id in found]), strict=True))
            except OSError as error:
                raise self._failed("a read", error) from error

    def append(self, operations: Sequence[Operation], *, making_room: bool = False) -> None:
        """Make a change durable: all of the operations or, whatever happens, none.

        What only takes away may use the reserve, and so may what is needed before something can be taken away, if
        the caller says that it is `making_room`.

        Raises:
            StoreFullError, RecordTooLargeError, JournalReadOnlyError: nothing has changed.
            JournalFailedError: unknown; the change is whole or absent after `reopen()`.
        """
        if not operations:
            return
        with self.lock:
            self._require_writable()
            log = self._log
            record = encode(log.sequence + 1, operations)
            if log.end + len(record) + self.limits.reserve_bytes > log.size:
                frugal = making_room or not any(isinstance(operation, Put) for operation in operations)
                self._ensure_room(len(record) + (0 if frugal else self.limits.reserve_bytes))
            try:
                log.write(record)
            except OSError as error:
                raise self._unwritten(error) from error
            try:
                log.file.fdatasync()
            except OSError as error:
                raise self._failed("a sync", error) from error
            log.accept(record)

    def reopen(self) -> None:
        """Read again what really is on the disk, after a failure, and be writable.

        Raises:
            JournalDamagedError: what had been acknowledged is not there. As after any error, reads go on from what
                was known before, and the journal stays read-only.
            StoreFullError, JournalFailedError: the disk refuses; a later attempt may succeed.
        """
        with self.lock:
            if self._closed:
                raise JournalReadOnlyError(f"{self._name} is closed")
            old = self._log
            self._failure = self._failure or "it could not be opened again"
            try:
                self._log = load(self._disk, self._name, acknowledged=old.sequence)
            except OSError as error:
                raise _refusal(f"{self._name} cannot be opened again", error) from error
            self._failure = ""
            with suppress(OSError):
                old.file.close()

    def compact(self) -> None:
        """Rewrite the file without its garbage, while other threads go on; some seconds for 100,000 documents.

        They wait for it a millisecond or two, at its begin and at its end. Two compactions run one after the other.

        Raises:
            StoreFullError, CompactionFailedError: all goes on in the old file.
            JournalDamagedError: the old file has lost something; it is left as it is, and all goes on in it.
            JournalFailedError: which of the two files has the name is unknown until `reopen()`.
        """
        with self._compacting:
            try:
                self._compact()
            except OSError as error:
                if error.errno in _FULL:
                    raise StoreFullError(f"no room to compact {self._name}") from error
                raise CompactionFailedError(f"{self._name}: {error}") from error

    def close(self) -> None:
        """Let go of the file, after a compaction that runs; closing twice is harmless."""
        with self._compacting, self.lock:
            self._closed = True
            self._failure = self._failure or "it is closed"
            # Everything is synced, so there is nothing that an error here could take away.
            with suppress(OSError):
                self._log.file.close()
            self._guard.close()

    @property
    def _index(self) -> Index:
        return self._log.index

    def _require_writable(self) -> None:
        if self._failure:
            raise JournalReadOnlyError(f"{self._name}: {self._failure}")

    def _require_unchanged(self, log: Log) -> None:
        self._require_writable()
        if self._log is not log:
            raise CompactionFailedError(f"{self._name} was opened again meanwhile")

    def _failed(self, step: str, error: OSError) -> JournalFailedError:
        """Be read-only from now on."""
        self._failure = f"{step} failed: {error}"
        return JournalFailedError(f"{self._name}: {self._failure}")

    def _unwritten(self, error: OSError) -> StoreError:
        """Tell a write that found no room, after which all is as before, from one that failed."""
        return StoreFullError(f"{self._name}: {error}") if error.errno in _FULL else self._failed("a write", error)

    def _ensure_room(self, size: int) -> None:
        """Have zeros ready for `size` bytes more; the next sync is theirs too."""
        log = self._log
        needed = log.end + size
        if needed <= log.size:
            return
        goal = min(needed + self.limits.grow_bytes, self.limits.max_bytes)
        if needed > goal:
            raise StoreFullError(f"{self._name} may not be larger than {goal} bytes")
        try:
            self._require_free(goal - log.size)
            log.prepare(goal)
        except OSError as error:
            raise self._unwritten(error) from error

    def _require_free(self, size: int) -> None:
        """Refuse before the last of the disk is taken, not after; raises OSError."""
        if self._disk.free_bytes() < size:
            raise OSError(errno.ENOSPC, f"less than {size} bytes are free")

    def _compact(self) -> None:
        with self.lock:
            self._require_writable()
            old = self._log
            source = old.frozen(self._disk.open(self._name))
        try:
            self._require_free(source.index.live_bytes + self.limits.grow_bytes)
            self._replace(old, source, rewrite(self._disk, fresh_name(self._name), source))
        except BaseException:
            with suppress(OSError):
                self._disk.remove(fresh_name(self._name))
            raise
        finally:
            source.file.close()

    def _replace(self, old: Log, source: Log, fresh: Log) -> None:
        try:
            # Most of what came meanwhile, and the bulk of the syncing, is done before anybody has to wait.
            copied = catch_up(fresh, source, source.end, old.end)
            fresh.prepare(min(fresh.end + self.limits.grow_bytes, self.limits.max_bytes))
            fresh.file.fdatasync()
            with self.lock:
                self._require_unchanged(old)
                catch_up(fresh, source, copied, old.end)
                fresh.file.fdatasync()
                self._take_name()
                self._log = fresh
                old.file.close()
        except BaseException:
            fresh.file.close()
            raise

    def _take_name(self) -> None:
        try:
            self._disk.rename(fresh_name(self._name), self._name)
            self._disk.sync_directory()
        except OSError as error:
            raise self._failed("a rename", error) from error


def _refusal(what: str, error: OSError) -> StoreError:
    if error.errno in _FULL:
        return StoreFullError(f"{what}: {error}")
    return JournalFailedError(f"{what}: {error}")
