import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from kiosk.store.local import LocalStore
from kiosk.upkeep import Upkeep, room_bytes
from tests.kiosk.builders import NOW
from tests.simulation.disk import SimDisk

WAIT_S = 30


class CountingStore(LocalStore):
    """A store that says when it has been asked twice to compact."""

    def __init__(self) -> None:
        super().__init__(SimDisk(), os.urandom, NOW)
        self.times = 0
        self.twice = threading.Event()

    def compact(self) -> None:
        super().compact()
        self.times += 1
        if self.times == 2:
            self.twice.set()


@pytest.fixture
def store() -> Iterator[CountingStore]:
    opened = CountingStore()
    yield opened
    opened.close()


def test_the_store_is_compacted_again_and_again(store: CountingStore) -> None:
    upkeep = Upkeep(store, every_s=0.001)

    upkeep.start()

    assert store.twice.wait(WAIT_S)
    upkeep.stop()


def test_stopping_does_not_wait_for_the_next_look(store: CountingStore) -> None:
    upkeep = Upkeep(store, every_s=3600)
    upkeep.start()

    upkeep.stop()

    assert store.times == 0


def test_stopping_ends_the_thread(store: CountingStore) -> None:
    upkeep = Upkeep(store, every_s=0.001)
    upkeep.start()
    assert store.twice.wait(WAIT_S)

    upkeep.stop()

    assert "upkeep" not in {thread.name for thread in threading.enumerate()}


def test_room_is_told_of_the_disk_and_of_this_process(tmp_path: Path) -> None:
    disk_free, memory = room_bytes(tmp_path)

    assert disk_free > 0
    assert 1_000_000 < memory < 10**11
