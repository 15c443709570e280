from uuid import UUID

import pytest

from kiosk.store.errors import StoreError
from kiosk.store.events import EventChain, Stamp
from kiosk.store.leases import Leases
from kiosk.store.provisional import Register
from protocol import codec
from protocol.envelope import Event
from tests.kiosk.builders import EPOCH, NOW, draw, make_db, make_grant
from tests.simulation.disk import Fault, SimDisk

STAMP = Stamp(NOW, "ntp", "kiosk")


def make_leases(disk: SimDisk | None = None) -> tuple[EventChain, Leases]:
    db = make_db(disk)
    chain = EventChain(db, EPOCH)
    return chain, Leases(db, chain, Register(db, chain))


def kinds(chain: EventChain) -> list[str]:
    return [codec.decode(event, Event).kind for event in chain.read(1, 99)]


def test_a_spent_lease_is_accepted_spent_and_closed_in_one_put() -> None:
    disk = SimDisk()
    chain, leases = make_leases(disk)
    writes: list[int] = []
    disk.after_step = lambda: writes.append(1)

    seq = leases.spend(make_grant(), 1, STAMP, draw(3))

    assert kinds(chain) == ["lease.accepted", "lease.spent", "lease.closed"]
    assert (seq, leases.duties) == (2, 1)
    assert len(writes) == 2


def test_a_late_lease_is_accepted_and_closed_untouched() -> None:
    chain, leases = make_leases()

    leases.give_back(make_grant(), 1, STAMP, draw(2))

    assert kinds(chain) == ["lease.accepted", "lease.closed"]


def test_a_lease_is_taken_once_for_ever() -> None:
    disk = SimDisk()
    _chain, leases = make_leases(disk)
    leases.spend(make_grant(lease=4), 1, STAMP, draw(3))
    _again, after_restart = make_leases(disk.killed())

    for known in (leases, after_restart):
        assert not known.is_new(EPOCH, 4)
        assert not known.is_new(EPOCH, 3)
        assert known.is_new(EPOCH, 5)


def test_a_lease_for_another_journal_is_not_ours() -> None:
    _chain, leases = make_leases()

    assert not leases.is_new(UUID(int=0xF), 1)


def test_a_duty_that_leaves_nothing_to_journal_is_noted() -> None:
    disk = SimDisk()
    _chain, leases = make_leases(disk)

    leases.done(3)

    assert make_leases(disk.killed())[1].duties == 3


def test_a_power_cut_leaves_all_of_a_spend_or_nothing() -> None:
    disk = SimDisk()
    chain, leases = make_leases(disk)
    disk.faults = {disk.steps + 1: Fault()}

    with pytest.raises(StoreError):
        leases.spend(make_grant(), 1, STAMP, draw(3))

    assert chain.head.seq == 0
    assert leases.duties == 0
    again, leases_again = make_leases(disk.killed())
    assert (again.head.seq, leases_again.duties) in {(0, 0), (3, 1)}
