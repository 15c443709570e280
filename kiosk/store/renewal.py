"""Begins the chain of events anew where the old one is damaged, or the hub knows another history of it.

What the hub has not confirmed goes over under the ids that it had, so that nothing which somebody earned is lost, and
nothing is booked twice. Leases stay behind: they belong to the epoch that they were given to. The new file is whole
before it gets the name; whatever a crash leaves is gone on with at the next start.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal
from uuid import UUID

import msgspec
import structlog
from msgspec import UNSET

from kiosk.store.disk import Disk
from kiosk.store.errors import StoreFullError
from kiosk.store.events import CHAIN_TABLE, EVENTS_TABLE, EventChain, Stamp
from kiosk.store.journal import Journal
from kiosk.store.operations import Operation, Put
from kiosk.store.tables import JournalDB
from protocol.events import JournalRepaired

EVENTS = "events.journal"
NEXT = "events.next"
"""Name of the new file until it is whole."""

CARRIED_AT_ONCE = 256
"""How many events go over in one put."""

log = structlog.get_logger()


@dataclass(slots=True)
class Remains:
    """What can be told of a journal that is left behind; `events` are those that the hub may not have."""

    cause: Literal["damaged", "forked"]
    epoch: UUID | None = None
    oldest: int = 0
    newest: int = 0
    events: Sequence[bytes] = field(default_factory=list)

    @classmethod
    def of_damaged(cls, operations: Iterable[Operation]) -> "Remains":
        """What is left of a damaged file, as far as its operations can be read."""
        remains, events, confirmed = cls("damaged"), dict[int, bytes](), 0
        places: set[int] = set()
        for operation in operations:
            if isinstance(operation, Put) and operation.table == EVENTS_TABLE:
                places.add(operation.doc_id)
                events[operation.doc_id] = operation.data
            elif isinstance(operation, Put) and operation.table == CHAIN_TABLE:
                mark = msgspec.json.decode(operation.data)
                remains.epoch, confirmed = UUID(mark["epoch"]), mark["confirmed"]
        remains.oldest, remains.newest = min(places, default=0), max(places, default=0)
        remains.events = [events[seq] for seq in sorted(events) if seq > confirmed]
        return remains

    @classmethod
    def of_forked(cls, chain: EventChain) -> "Remains":
        """What a chain holds that the hub knows another history of."""
        confirmed, head = chain.confirmed.seq, chain.head.seq
        events = list(chain.read(confirmed + 1, head - confirmed))
        return cls("forked", chain.epoch, chain.oldest.seq + 1, head, events)

    def told(self) -> JournalRepaired:
        """The first event of the journal that follows."""
        return JournalRepaired(self.epoch or UNSET, self.oldest, self.newest, self.cause)


@dataclass(frozen=True, slots=True)
class Beginning:
    """How a journal begins: its epoch, and when and under which id its first event is written."""

    epoch: UUID
    stamp: Stamp
    random: bytes


def prepare(disk: Disk, remains: Remains, beginning: Beginning) -> None:
    """Write the new file; where the disk has no room for what goes over, it begins without, and the old one is kept."""
    try:
        _write(disk, remains.told(), remains.events, beginning)
    except StoreFullError as error:
        log.critical("no room to carry events over; they stay in the old file", reason=str(error))
        _write(disk, remains.told(), (), beginning)


def exchange(disk: Disk, aside: str) -> None:
    """Give the new file the name; the old one, which nobody may have open, is kept under another."""
    disk.rename(EVENTS, aside)
    disk.rename(NEXT, EVENTS)
    disk.sync_directory()


def resume(disk: Disk) -> None:
    """Finish an exchange that a crash has cut short, or clear away a new file that is not whole."""
    if _exists(disk, NEXT) and not _exists(disk, EVENTS):
        log.warning("an exchange of journals is finished")
        disk.rename(NEXT, EVENTS)
        disk.sync_directory()
    with suppress(FileNotFoundError):
        disk.remove(NEXT)


def _write(disk: Disk, told: JournalRepaired, events: Iterable[bytes], beginning: Beginning) -> None:
    with suppress(FileNotFoundError):
        disk.remove(NEXT)
    db = JournalDB(Journal.open(disk, NEXT))
    try:
        chain = EventChain(db, beginning.epoch)
        chain.append([told], beginning.stamp, [beginning.random])
        for some in _pieces(events):
            chain.carry_over(some)
    finally:
        db.close()


def _pieces(events: Iterable[bytes]) -> Iterator[list[bytes]]:
    rest = iter(events)
    while piece := list(islice(rest, CARRIED_AT_ONCE)):
        yield piece


def _exists(disk: Disk, name: str) -> bool:
    try:
        disk.open(name).close()
    except FileNotFoundError:
        return False
    return True
