from contextlib import suppress
from random import Random

import pytest

from kiosk.store.errors import StoreError
from kiosk.store.events import Stamp
from kiosk.store.local import CACHE, EVENTS, LocalStore
from protocol import codec
from protocol.envelope import Event
from protocol.events import JournalRepaired, LeaseClosed
from tests.kiosk.builders import CHEN, LIN, NOW, draw, make_reward, make_snapshot
from tests.kiosk.store.test_documents import page
from tests.simulation.disk import Fault, SimDisk

STAMP = Stamp(NOW, "ntp", "kiosk")


def make_store(disk: SimDisk, seed: int = 1) -> LocalStore:
    return LocalStore(disk, Random(seed).randbytes, NOW)


def test_a_restart_finds_everything_again() -> None:
    disk = SimDisk()
    store = make_store(disk)
    store.chain.append([LeaseClosed(1, 0)], STAMP, draw(1))
    store.documents.take(page("catalogue", make_reward()))
    epoch = store.chain.epoch
    store.close()

    again = make_store(disk, seed=2)

    assert (again.chain.epoch, again.chain.head) == (epoch, store.chain.head)
    assert again.documents.catalogue == (make_reward(),)


def test_a_damaged_journal_is_kept_aside_and_a_new_one_tells_of_it() -> None:
    disk = SimDisk()
    store = make_store(disk)
    for number in range(3):
        store.chain.append([LeaseClosed(number + 1, 0)], STAMP, draw(1, number))
    epoch = store.chain.epoch
    store.close()
    disk.rot(EVENTS, disk.contents(EVENTS).index(b'"seq":2'))

    again = make_store(disk, seed=2)

    assert again.chain.epoch != epoch
    event = codec.decode(next(again.chain.read(1, 1)), Event)
    assert codec.decode(event.body, JournalRepaired) == JournalRepaired(epoch, 1, 3, "damaged")
    assert len([name for name in disk.names() if "damaged" in name]) == 1


def test_who_is_forgotten_leaves_no_trace_in_any_file() -> None:
    disk = SimDisk()
    store = make_store(disk)
    store.seal.release(b"k" * 32)
    for member in (LIN, CHEN):
        store.snapshots.keep(make_snapshot(member=member), uid=str(member), at_most=10)
    sealed = next(document["name"] for document in store.snapshots._snapshots)

    store.forget(LIN)

    everything = b"".join(disk.contents(name) for name in disk.names())
    assert str(LIN).encode() not in everything
    assert sealed.encode() not in everything
    assert store.snapshots.of_member(CHEN) == make_snapshot(member=CHEN)


def test_a_damaged_cache_simply_begins_anew() -> None:
    disk = SimDisk()
    store = make_store(disk)
    store.documents.take(page("catalogue", make_reward()))
    store.documents.take(page("catalogue", make_reward(), version=2))
    store.close()
    disk.rot(CACHE, disk.contents(CACHE).index(b"catalogue"))

    again = make_store(disk, seed=2)

    assert again.documents.catalogue == ()
    assert again.chain.head == store.chain.head


def test_after_a_failed_sync_the_store_is_opened_again_with_what_is_there() -> None:
    disk = SimDisk()
    store = make_store(disk)
    store.chain.append([LeaseClosed(1, 0)], STAMP, draw(1))
    disk.faults = {disk.steps + 1: Fault()}
    try:
        store.chain.append([LeaseClosed(2, 0)], STAMP, draw(1, 2))
    except OSError:
        raise
    except Exception:  # noqa: BLE001
        was_writable = store.is_writable

    usable = store.reopen(NOW)

    assert (was_writable, usable, store.is_writable) == (False, True, True)
    assert store.chain.head.seq in {1, 2}


def test_a_disk_that_stays_broken_is_tried_again_later() -> None:
    disk = SimDisk()
    store = make_store(disk)
    disk.faults = dict.fromkeys(range(disk.steps, disk.steps + 50), Fault())

    assert not store.reopen(NOW)


@pytest.mark.parametrize("step", range(0, 42, 3))
def test_a_store_that_is_half_opened_again_knows_what_it_has_journaled(step: int) -> None:
    disk = SimDisk()
    store = make_store(disk)
    before = disk.steps
    store.chain.append([LeaseClosed(1, 0)], STAMP, draw(1))
    last = disk.steps + (disk.steps - before) - 1
    disk.faults = {last: Fault(), last + 1 + step: Fault()}
    with pytest.raises(StoreError):
        store.chain.append([LeaseClosed(2, 0)], STAMP, draw(1, 1))

    store.reopen(NOW)
    with suppress(StoreError):
        store.chain.append([LeaseClosed(3, 0)], STAMP, draw(1, 2))
    assert store.reopen(NOW)

    assert store.chain.append([LeaseClosed(4, 0)], STAMP, draw(1, 3)) == [store.chain.head.seq]


def test_compacting_loses_nothing() -> None:
    disk = SimDisk()
    store = make_store(disk)
    for version in range(1, 30):
        store.documents.take(page("catalogue", *(make_reward() for _ in range(40)), version=version))
    store.compact()
    store.close()

    assert make_store(disk, seed=2).documents.version("catalogue") == 29
