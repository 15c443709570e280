"""A month offline, as it lies on a kiosk's disk: a whole store whose journal holds purchases that nobody confirmed."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from uuid import UUID

from kiosk.clock import system_random
from kiosk.store.disk import RealDisk, RealFile
from kiosk.store.events import Stamp
from kiosk.store.local import LocalStore
from protocol.events import PurchaseLine, PurchaseRecorded

TOGETHER_EVENTS = 50


class HastyFile(RealFile):
    """A file that is not synced, to build what is measured afterwards."""

    def fdatasync(self) -> None:
        """Leave it to the system; opening the journal for real syncs everything."""


class HastyDisk(RealDisk):
    """A disk whose files are not synced."""

    def open(self, name: str) -> HastyFile:
        """See Disk."""
        return HastyFile(self._directory / name, 0)


def fill(folder: Path, kiosk: str, members: Sequence[UUID], events: int) -> None:
    """Make a store in a new folder, with so many purchases of these members in its journal."""
    folder.mkdir(parents=True)
    random = Random(events)
    store = LocalStore(HastyDisk(folder), system_random, _now())
    while (place := store.chain.head.seq) < events:
        places = range(place + 1, min(place + TOGETHER_EVENTS, events) + 1)
        bodies = [_purchase(f"{kiosk[2:12]}-{number}", random, members) for number in places]
        store.chain.append(bodies, Stamp(_now(), "ntp", "kiosk"), [system_random(10) for _ in bodies])
    store.close()


def _purchase(receipt: str, random: Random, members: Sequence[UUID]) -> PurchaseRecorded:
    line = PurchaseLine("coffee-01", "coffee", 1, random.randrange(500, 20_000))
    return PurchaseRecorded(receipt, random.choice(members), "CNY", _now(), [line])


def _now() -> datetime:
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)
