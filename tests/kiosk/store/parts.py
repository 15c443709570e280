"""The parts of a kiosk's store that leases are about, and what must hold where the disk fails in an act."""

import errno
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
from msgspec import Struct

from kiosk.store.errors import StoreError
from kiosk.store.events import EventChain
from kiosk.store.leases import Leases
from kiosk.store.lent import Lent
from kiosk.store.passing import Passing
from kiosk.store.provisional import Register
from protocol import codec
from protocol.envelope import Event
from protocol.kinds import EVENTS
from tests.kiosk.builders import EPOCH, make_db, make_pen
from tests.simulation.disk import SimDisk

NAME = "test.journal"
PEN = make_pen()


@dataclass
class Store:
    """A journal with the leases in it."""

    chain: EventChain
    leases: Leases
    lent: Lent
    passing: Passing
    register: Register

    @classmethod
    def on(cls, disk: SimDisk) -> "Store":
        db = make_db(disk, NAME)
        chain = EventChain(db, EPOCH)
        register = Register(db, chain)
        leases = Leases(db, chain, register)
        lent = Lent(db, chain, leases, register)
        passing = Passing(db, chain, leases=leases, holdings=lent.holdings, register=register)
        return cls(chain, leases, lent, passing, register)

    def do(self, *duties: Any) -> None:
        for duty in duties:
            self.lent.take(duty, self.leases.duties + 1, PEN)

    def journal(self) -> list[Struct]:
        events = [codec.decode(event, Event) for event in self.chain.read(1, 999)]
        return [codec.decode_body(event.kind, event.body, EVENTS) for event in events]

    def kinds(self) -> list[str]:
        return [codec.decode(event, Event).kind for event in self.chain.read(1, 999)]


Act = Callable[[Store], object]
Look = Callable[[Store], object]
"""Everything that matters of a store, to be compared."""


def images_of_power_cuts(acts: Sequence[Act], look: Look) -> int:
    """Cut the power at every moment of every act: each must be whole or absent. Returns how many images were opened."""
    disk, random, images = SimDisk(), Random(5), 0
    store = Store.on(disk)
    for act in acts:
        before, cut = look(store), list[SimDisk]()
        disk.after_step = lambda cut=cut: cut.extend(disk.crash_images(NAME, random))  # type: ignore[misc]
        act(store)
        disk.after_step = lambda: None
        found, after = [look(Store.on(image)) for image in cut], look(store)
        assert before != after
        assert all(seen in (before, after) for seen in found)
        images += len(found)
    return images


def seen_before_and_after_a_refusal(acts: Sequence[Act], place: int, look: Look) -> tuple[object, object]:
    """Have the disk refuse the act at a place, and look before and after it."""
    disk = SimDisk()
    store = Store.on(disk)
    for act in acts[:place]:
        act(store)
    before = look(store)

    def refuse() -> None:
        raise OSError(errno.EIO, "refused")

    disk.after_step = refuse
    with pytest.raises(StoreError):
        acts[place](store)
    return before, look(store)
