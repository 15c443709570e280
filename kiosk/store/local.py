"""The kiosk's store as the rest of the kiosk sees it: two journals on one disk, opened, kept up and repaired.

The first holds what must not be lost: the chain of events, leases, verdicts. The second holds what the hub can send
again: snapshots, catalogue, configuration; if it is damaged it simply begins anew.
"""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

import structlog

from kiosk.ports import RandomBytes
from kiosk.store.disk import Disk
from kiosk.store.documents import Documents
from kiosk.store.errors import JournalDamagedError, JournalFailedError, JournalForeignError, StoreError
from kiosk.store.events import EventChain, Stamp
from kiosk.store.heads import AuditHeads
from kiosk.store.journal import Journal
from kiosk.store.leases import Leases
from kiosk.store.lent import Lent
from kiosk.store.limits import Limits
from kiosk.store.passing import Passing
from kiosk.store.provisional import Register
from kiosk.store.renewal import EVENTS, Beginning, Remains, exchange, prepare, resume
from kiosk.store.salvage import salvage
from kiosk.store.seal import Seal
from kiosk.store.snapshots import SALT_BYTES, Snapshots
from kiosk.store.tables import JournalDB
from protocol.ids import event_id

CACHE = "cache.journal"
CACHE_LIMITS = Limits(max_bytes=128 * 1024 * 1024)

log = structlog.get_logger()


class LocalStore:
    """Everything a kiosk remembers."""

    def __init__(self, disk: Disk, random_bytes: RandomBytes, now: datetime) -> None:
        self._disk = disk
        self._random_bytes = random_bytes
        self.seal = Seal(random_bytes)
        self._is_open = False
        self._open(now)

    @property
    def is_writable(self) -> bool:
        """Tell whether events can be journaled; where not, nothing may be promised to anybody."""
        return self._events.journal.writable

    @property
    def used_percent(self) -> int:
        """Share of the room for events that is taken by what may not be removed yet; at 100 nothing new is promised."""
        journal = self._events.journal
        room = min(journal.limits.max_bytes, journal.used_bytes + self._disk.free_bytes())
        return min(100 * journal.live_bytes // max(room, 1), 100)

    @property
    def is_whole(self) -> bool:
        """Tell whether neither journal has failed: what the hub can send again can also be kept."""
        return self.is_writable and self._cache.journal.writable

    def reopen(self, now: datetime) -> bool:
        """After a failure, read again what really is on the disk; tells whether the store is usable now."""
        try:
            if self._is_open:
                self._read_again(now)
            else:
                self._open(now)
        except StoreError as error:
            log.warning("the store cannot be opened again yet", reason=str(error))
            return False
        return True

    def begin_epoch(self, now: datetime) -> None:
        """Leave a chain behind that the hub knows another history of, and begin a new one that a person must accept.

        The cache begins anew too: on a disk that was set back it may know members who have been erased since.

        Raises:
            StoreError: the disk refuses; `reopen` goes on with what is there.
        """
        beginning = self._beginning(now)
        aside = f"{EVENTS}.forked-{beginning.epoch}"
        log.critical("the chain has forked; a new one is begun", kept_as=aside, epoch=str(self.chain.epoch))
        try:
            prepare(self._disk, Remains.of_forked(self.chain), beginning)
            self.close()
            with suppress(FileNotFoundError):
                self._disk.remove(CACHE)
            exchange(self._disk, aside)
        except OSError as error:
            raise JournalFailedError(f"no new chain can be begun: {error}") from error
        finally:
            self.close()
            self._open(now)

    def compact(self) -> None:
        """Rewrite what has gathered too much garbage. May take a second; call it off the conductor's thread."""
        for db in (self._events, self._cache):
            if db.journal.compaction_due:
                try:
                    db.journal.compact()
                except StoreError as error:
                    log.warning("not compacted", reason=str(error))

    def forget(self, member: UUID) -> None:
        """Forget a member for good, on the disk too: what a record held stays there until its file is rewritten.

        It takes as long as a compaction, some tenths of a second for a full cache.

        Raises:
            StoreError: the disk refuses; the member may still be read from it.
        """
        self.snapshots.forget(member)
        self._cache.journal.compact()

    def close(self) -> None:
        """Let go of the disk."""
        self._events.close()
        self._cache.close()

    def _open(self, now: datetime) -> None:
        self._is_open = False
        self._events = self._open_events(now)
        self._cache = self._open_cache()
        self._is_open = True
        self._load_events(now)
        self._load_cache()

    def _read_again(self, now: datetime) -> None:
        try:
            self._events.journal.reopen()
        except JournalDamagedError as error:
            self._events.close()
            self._events = self._begin_again(error, now)
        # At once: the journal is writable again, and the cache may still refuse.
        self._load_events(now)
        self._cache.journal.reopen()
        self._load_cache()

    def _load_events(self, now: datetime) -> None:
        self.chain = EventChain(self._events, self._new_epoch(now))
        self.register = Register(self._events, self.chain)
        self.leases = Leases(self._events, self.chain, self.register)
        self.lent = Lent(self._events, self.chain, self.leases, self.register)
        self.passing = Passing(
            self._events, self.chain, leases=self.leases, holdings=self.lent.holdings, register=self.register
        )

    def _load_cache(self) -> None:
        self.snapshots = Snapshots(self._cache, self.seal, self._random_bytes(SALT_BYTES))
        self.documents = Documents(self._cache)
        self.audit_heads = AuditHeads(self._cache)

    def _open_events(self, now: datetime) -> JournalDB:
        try:
            resume(self._disk)
            return JournalDB(Journal.open(self._disk, EVENTS))
        except (JournalDamagedError, JournalForeignError) as error:
            return self._begin_again(error, now)
        except OSError as error:
            raise JournalFailedError(f"{EVENTS} cannot be opened: {error}") from error

    def _begin_again(self, error: StoreError, now: datetime) -> JournalDB:
        # What is left of it is kept for whoever looks into it; the hub must accept the new epoch.
        beginning = self._beginning(now)
        aside = f"{EVENTS}.damaged-{beginning.epoch}"
        log.critical("the journal is damaged; a new one is begun", kept_as=aside, reason=str(error))
        try:
            prepare(self._disk, Remains.of_damaged(salvage(self._disk, EVENTS)), beginning)
            exchange(self._disk, aside)
        except OSError as refused:
            raise JournalFailedError(f"no new journal can be begun: {refused}") from refused
        return JournalDB(Journal.open(self._disk, EVENTS))

    def _beginning(self, now: datetime) -> Beginning:
        return Beginning(self._new_epoch(now), Stamp(now, "none", "kiosk"), self._random_bytes(10))

    def _new_epoch(self, now: datetime) -> UUID:
        return event_id(int(now.timestamp() * 1000), self._random_bytes(10))

    def _open_cache(self) -> JournalDB:
        try:
            return JournalDB(Journal.open(self._disk, CACHE, CACHE_LIMITS))
        except (JournalDamagedError, JournalForeignError) as error:
            log.warning("the cache is damaged and begins anew", reason=str(error))
            with suppress(FileNotFoundError):
                self._disk.remove(CACHE)
            return JournalDB(Journal.open(self._disk, CACHE, CACHE_LIMITS))


__all__ = ["CACHE", "EVENTS", "LocalStore"]
