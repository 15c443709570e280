"""A journal that fills up: what it takes to the end, and what a month offline needs."""

from contextlib import suppress
from itertools import count
from random import Random

from kiosk.store.errors import StoreFullError
from kiosk.store.events import EventChain, Stamp
from kiosk.store.journal import Journal
from kiosk.store.limits import DEFAULT_LIMITS, Limits
from kiosk.store.local import LocalStore
from kiosk.store.tables import JournalDB
from protocol.events import LeaseClosed, PurchaseLine, PurchaseRecorded
from protocol.limits import JOURNAL_FILLING_PERCENT, JOURNAL_NEARLY_FULL_PERCENT
from tests.kiosk.builders import EPOCH, LIN, NOW, draw
from tests.simulation.disk import SimDisk

STAMP = Stamp(NOW, "rtc", f"member:{LIN}")
SMALL = Limits(max_bytes=256 * 1024, grow_bytes=16 * 1024, reserve_bytes=32 * 1024)
OFFLINE_MAX_EVENTS = 100_000


def bought(number: int) -> PurchaseRecorded:
    lines = [PurchaseLine(f"product-{number % 50}", "coffee", 1, 3_200, "精品拿铁") for _ in range(3)]
    return PurchaseRecorded(f"T{number:08}", LIN, "CNY", NOW, lines)


def make_chain(limits: Limits = SMALL) -> tuple[JournalDB, EventChain]:
    db = JournalDB(Journal.open(SimDisk(), "test.journal", limits))
    return db, EventChain(db, EPOCH)


def fill(chain: EventChain) -> None:
    """Journal purchases until no more are taken."""
    with suppress(StoreFullError):
        for number in count(chain.head.seq + 1):
            chain.append([bought(number)], STAMP, draw(1, number))


def test_a_full_journal_promises_nothing_but_ends_what_was_promised() -> None:
    _db, chain = make_chain()
    fill(chain)

    for number in range(50):
        chain.append([LeaseClosed(number + 1, 0)], STAMP, draw(1, number), making_room=True)


def test_a_full_journal_takes_receipts_as_long_as_it_is_compacted_now_and_then() -> None:
    db, chain = make_chain()
    fill(chain)
    compactions = 0

    for seq in range(1, chain.head.seq + 1):
        point = chain.point_at(seq, chain.confirmed)
        assert point is not None
        chain.confirm(point)
        if db.journal.compaction_due:
            db.journal.compact()
            compactions += 1

    assert chain.unconfirmed == 0
    assert compactions > 0


def test_a_month_of_events_leaves_more_than_half_of_the_room() -> None:
    db, chain = make_chain(Limits())
    some = 2_000
    for first in range(0, some, 100):
        chain.append([bought(first + number) for number in range(100)], STAMP, draw(100, first))

    bytes_an_event = db.journal.live_bytes / some

    percent = 100 * OFFLINE_MAX_EVENTS * bytes_an_event / DEFAULT_LIMITS.max_bytes
    assert 5 < percent < JOURNAL_FILLING_PERCENT


def test_a_store_tells_how_much_of_its_room_is_taken_by_what_may_not_go() -> None:
    disk = SimDisk()
    store = LocalStore(disk, Random(1).randbytes, NOW)
    empty = store.used_percent
    for first in range(0, 3_000, 100):
        store.chain.append([bought(first + number) for number in range(100)], STAMP, draw(100, first))
    held = len(disk.contents("events.journal")) + len(disk.contents("cache.journal"))

    disk.room_bytes = held + 64 * 1024

    assert empty == 0
    assert JOURNAL_NEARLY_FULL_PERCENT < store.used_percent <= 100
    store.close()
