"""The kiosk's store as the rest of the kiosk sees it: two journals on one disk, opened, kept up and repaired.

The first holds what must not be lost: the chain of events, leases, verdicts. The second holds what the hub can send
again: snapshots, catalogue, configuration; if it is damaged it simply begins anew.
"""

from contextlib import suppress
from datetime import datetime
from uuid import UUID

import msgspec
import structlog
from msgspec import UNSET, UnsetType

from kiosk.ports import RandomBytes
from kiosk.store.disk import Disk
from kiosk.store.documents import Documents
from kiosk.store.errors import JournalDamagedError, JournalForeignError, StoreError
from kiosk.store.events import CHAIN_TABLE, EVENTS_TABLE, EventChain, Stamp
from kiosk.store.journal import Journal
from kiosk.store.leases import Leases
from kiosk.store.limits import Limits
from kiosk.store.operations import Put
from kiosk.store.salvage import salvage
from kiosk.store.seal import Seal
from kiosk.store.snapshots import SALT_BYTES, Snapshots
from kiosk.store.tables import JournalDB
from protocol.events import JournalRepaired
from protocol.ids import event_id

EVENTS = "events.journal"
CACHE = "cache.journal"
CACHE_LIMITS = Limits(max_bytes=128 * 1024 * 1024)

log = structlog.get_logger()


class LocalStore:
    """Everything a kiosk remembers."""

    def __init__(self, disk: Disk, random_bytes: RandomBytes, now: datetime) -> None:
        self._disk = disk
        self._random_bytes = random_bytes
        self.seal = Seal(random_bytes)
        self._events = self._open_events(now)
        self._cache = self._open_cache()
        self._load(now)

    @property
    def is_writable(self) -> bool:
        """Tell whether events can be journaled; where not, nothing may be promised to anybody."""
        return self._events.journal.writable

    @property
    def is_whole(self) -> bool:
        """Tell whether neither journal has failed: what the hub can send again can also be kept."""
        return self.is_writable and self._cache.journal.writable

    def reopen(self, now: datetime) -> bool:
        """After a failure, read again what really is on the disk; tells whether the store is usable now."""
        try:
            try:
                self._events.journal.reopen()
            except JournalDamagedError as error:
                self._events.close()
                self._events = self._begin_again(error, now)
            self._cache.journal.reopen()
        except StoreError as error:
            log.warning("the store cannot be opened again yet", reason=str(error))
            return False
        self._load(now)
        return True

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

    def _load(self, now: datetime) -> None:
        self.chain = EventChain(self._events, self._new_epoch(now))
        self.leases = Leases(self._events, self.chain)
        self.snapshots = Snapshots(self._cache, self.seal, self._random_bytes(SALT_BYTES))
        self.documents = Documents(self._cache)

    def _open_events(self, now: datetime) -> JournalDB:
        try:
            return JournalDB(Journal.open(self._disk, EVENTS))
        except (JournalDamagedError, JournalForeignError) as error:
            return self._begin_again(error, now)

    def _begin_again(self, error: StoreError, now: datetime) -> JournalDB:
        # What is left of it is kept for whoever looks into it; the hub must accept the new epoch.
        epoch = self._new_epoch(now)
        aside = f"{EVENTS}.damaged-{epoch}"
        log.critical("the journal is damaged; a new one is begun", kept_as=aside, reason=str(error))
        repaired = _remains(self._disk)
        self._disk.rename(EVENTS, aside)
        self._disk.sync_directory()
        db = JournalDB(Journal.open(self._disk, EVENTS))
        EventChain(db, epoch).append([repaired], Stamp(now, "none", "kiosk"), [self._random_bytes(10)])
        return db

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


def _remains(disk: Disk) -> JournalRepaired:
    """What can still be told of a damaged journal: its epoch, and the first and last event that can be read."""
    epoch: UUID | UnsetType = UNSET
    places: list[int] = []
    for operation in salvage(disk, EVENTS):
        if isinstance(operation, Put) and operation.table == EVENTS_TABLE:
            places.append(operation.doc_id)
        elif isinstance(operation, Put) and operation.table == CHAIN_TABLE:
            epoch = UUID(msgspec.json.decode(operation.data)["epoch"])
    return JournalRepaired(epoch, min(places, default=0), max(places, default=0))
