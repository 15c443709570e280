import errno
from contextlib import suppress
from random import Random

import pytest

from kiosk.store.errors import StoreError
from kiosk.store.events import Stamp
from kiosk.store.local import EVENTS, LocalStore
from kiosk.store.renewal import CARRIED_AT_ONCE, NEXT
from protocol import codec
from protocol.envelope import Event
from protocol.events import JournalRepaired, LeaseClosed
from tests.kiosk.builders import LIN, NOW, draw, make_snapshot
from tests.simulation.disk import Fault, SimDisk

STAMP = Stamp(NOW, "ntp", "kiosk")


def make_store(disk: SimDisk, seed: int = 1) -> LocalStore:
    return LocalStore(disk, Random(seed).randbytes, NOW)


def filled(disk: SimDisk, events: int, confirmed: int) -> LocalStore:
    """A store with events of which the hub has booked the first."""
    store = make_store(disk)
    for number in range(1, events + 1):
        store.chain.append([LeaseClosed(number, 0)], STAMP, draw(1, number))
    point = store.chain.point_at(confirmed)
    assert point is not None
    store.chain.confirm(point)
    return store


def events_of(store: LocalStore) -> list[Event]:
    return [codec.decode(event, Event) for event in store.chain.read(1, store.chain.head.seq)]


def test_what_the_hub_may_not_have_goes_over_as_it_was() -> None:
    store = filled(SimDisk(), 5, confirmed=2)
    before, epoch = events_of(store)[2:], store.chain.epoch

    store.begin_epoch(NOW)

    first, *carried = events_of(store)
    assert store.chain.epoch != epoch
    assert codec.decode(first.body, JournalRepaired) == JournalRepaired(epoch, 1, 5, "forked")
    assert [(event.id, event.kind, bytes(event.body)) for event in carried] == [
        (event.id, event.kind, bytes(event.body)) for event in before
    ]
    assert [event.seq for event in carried] == [2, 3, 4]
    assert store.chain.confirmed.seq == 0


def test_more_than_goes_over_at_once_goes_over() -> None:
    store = filled(SimDisk(), CARRIED_AT_ONCE + 3, confirmed=0)

    store.begin_epoch(NOW)

    assert store.chain.head.seq == CARRIED_AT_ONCE + 4


def test_the_old_file_is_kept_and_what_was_known_of_members_is_not() -> None:
    disk = SimDisk()
    store = filled(disk, 1, confirmed=0)
    store.snapshots.keep(make_snapshot(), uid=None, at_most=10)

    store.begin_epoch(NOW)

    assert len([name for name in disk.names() if name.startswith(f"{EVENTS}.forked-")]) == 1
    assert store.snapshots.of_member(LIN) is None


def test_nothing_may_be_spent_from_a_forked_chain_after_a_restart_and_the_new_one_is_sound() -> None:
    disk = SimDisk()
    store = filled(disk, 1, confirmed=0)
    store.chain.fork()
    store.close()

    again = make_store(disk, seed=2)
    was_forked = again.chain.is_forked
    again.begin_epoch(NOW)

    assert was_forked
    assert not again.chain.is_forked


def test_the_events_of_a_damaged_file_that_can_be_read_go_over() -> None:
    disk = SimDisk()
    store = filled(disk, 5, confirmed=1)
    ids = [event.id for event in events_of(store)]
    store.close()
    disk.rot(EVENTS, disk.contents(EVENTS).index(b'"seq":3'))

    again = make_store(disk, seed=2)

    assert [event.id for event in events_of(again)[1:]] == [ids[1], ids[3], ids[4]]


@pytest.mark.parametrize("seed", range(4))
def test_wherever_the_power_is_cut_one_of_the_two_chains_is_whole(seed: int) -> None:
    disk, random = SimDisk(), Random(seed)
    store = filled(disk, 4, confirmed=1)
    store.chain.fork()
    ids, epoch = [event.id for event in events_of(store)], store.chain.epoch
    images: list[SimDisk] = []
    disk.after_step = lambda: images.extend([disk.crash_image(random), disk.killed()])

    store.begin_epoch(NOW)

    for image in images:
        again = make_store(image, seed=2)
        found = [event.id for event in events_of(again)]
        assert found == ids if again.chain.epoch == epoch else found[1:] == ids[1:]
        assert again.chain.is_forked == (again.chain.epoch == epoch)
        assert NEXT not in image.names()
    assert len({make_store(image.killed(), seed=2).chain.epoch == epoch for image in images}) == 2


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("step", range(0, 36, 3))
def test_whatever_the_disk_refuses_a_chain_with_all_that_was_earned_is_gone_on_with(step: int, error: int) -> None:
    disk = SimDisk()
    store = filled(disk, 3, confirmed=0)
    store.chain.fork()
    ids = [event.id for event in events_of(store)]
    disk.faults[disk.steps + step] = Fault(error)

    with suppress(StoreError):
        store.begin_epoch(NOW)
    if not store.is_whole:
        assert store.reopen(NOW)
    if store.chain.is_forked:
        store.begin_epoch(NOW)

    aside = [name for name in disk.names() if ".forked-" in name]
    assert [event.id for event in events_of(store)][1:] in (ids, [])
    assert len(aside) == 1
