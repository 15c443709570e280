import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import pytest
from sqlalchemy.exc import OperationalError

from hub.messaging.backlog import ROUND_MAX_MESSAGES
from hub.messaging.ingest import Arrival, Ingest
from hub.messaging.publisher import Publication
from hub.messaging.worker import TRIES_MAX, Worker
from protocol import codec, topics
from protocol.state import HubStatus
from provisioning.mqtt import Delivery
from tests.hub.messaging.working import WAIT_S, running
from tests.hub.world import START, TestClock


@dataclass(slots=True)
class FakeIngest(Ingest):
    """Notes what it is given. The first `failures` batches find no database, and whatever holds `poison` breaks it."""

    failures: int = 0
    poison: str = ""
    taken: list[list[str]] = field(default_factory=list)
    flushes: int = 0
    births: int = 0
    open: threading.Event = field(default_factory=threading.Event)
    _changed: threading.Condition = field(default_factory=threading.Condition)

    def birth(self, now: datetime) -> Publication:
        assert now == START
        self._count("births")
        return Publication(topics.HUB_STATUS, codec.encode(HubStatus(online=True)), retain=True)

    def take(self, arrivals: Sequence[Arrival], now: datetime) -> list[Publication]:
        assert now == START
        self.open.wait(WAIT_S)
        with self._changed:
            self.taken.append([arrival.topic for arrival in arrivals])
            self._changed.notify_all()
        if len(self.taken) <= self.failures:
            raise OperationalError("SELECT 1", None, ConnectionError("the database is away"))
        if self.poison in self.taken[-1]:
            raise ValueError("poison")
        return [Publication("somewhere", b"")]

    def flush(self, now: datetime) -> list[Publication]:
        assert now == START
        self._count("flushes")
        return []

    def _count(self, what: str) -> None:
        with self._changed:
            setattr(self, what, getattr(self, what) + 1)
            self._changed.notify_all()

    def wait_for(self, *, batches: int = 0, flushes: int = 0) -> bool:
        with self._changed:
            return self._changed.wait_for(lambda: len(self.taken) >= batches and self.flushes >= flushes, WAIT_S)


def deliver(worker: Worker, *names: str) -> None:
    for number, name in enumerate(names):
        worker.delivered(Delivery(name, b"", number, 1))


@pytest.fixture
def ingest() -> FakeIngest:
    made = FakeIngest()
    made.open.set()
    return made


def test_what_is_delivered_is_taken(ingest: FakeIngest) -> None:
    with running(ingest, TestClock()) as worker:
        deliver(worker, "a")

        assert ingest.wait_for(batches=1)
    assert ingest.taken == [["a"]]


def test_what_comes_while_a_batch_is_booked_is_taken_together_and_in_order(ingest: FakeIngest) -> None:
    names = [str(number) for number in range(ROUND_MAX_MESSAGES + 5)]
    ingest.open.clear()
    with running(ingest, TestClock()) as worker:
        deliver(worker, "first", *names)
        ingest.open.set()

        ingest.wait_for(batches=2)
        deliver(worker, "last")
        while "last" not in (name for batch in ingest.taken for name in batch):
            assert ingest.wait_for(batches=len(ingest.taken) + 1)

    assert [name for batch in ingest.taken for name in batch] == ["first", *names, "last"]
    assert max(len(batch) for batch in ingest.taken) == ROUND_MAX_MESSAGES


def test_a_batch_that_the_database_could_not_take_is_taken_again_before_the_next(ingest: FakeIngest) -> None:
    ingest.failures = 1
    with running(ingest, TestClock()) as worker:
        deliver(worker, "a")
        assert ingest.wait_for(batches=1)
        deliver(worker, "b")

        assert ingest.wait_for(batches=3)
    assert ingest.taken == [["a"], ["a"], ["b"]]


def test_a_message_that_can_never_be_taken_is_dropped_and_the_others_are_served(ingest: FakeIngest) -> None:
    ingest.poison = "b"
    ingest.open.clear()
    with running(ingest, TestClock()) as worker:
        deliver(worker, "first", "a", "b", "c")
        ingest.open.set()

        assert ingest.wait_for(batches=1 + TRIES_MAX + 1 + TRIES_MAX + 1)
    assert [batch for batch in ingest.taken if "b" not in batch][-2:] == [["a"], ["c"]]


def test_it_ends_even_while_the_database_is_away(ingest: FakeIngest) -> None:
    ingest.failures = 1_000
    with running(ingest, TestClock()) as worker:
        deliver(worker, "a")

        assert ingest.wait_for(batches=1)


def test_being_woken_sends_what_others_have_left(ingest: FakeIngest) -> None:
    with running(ingest, TestClock()) as worker:
        worker.wake()

        assert ingest.wait_for(flushes=1)
    assert ingest.taken == []


def test_a_new_connection_announces_the_hub_and_looks_for_something_to_send(ingest: FakeIngest) -> None:
    with running(ingest, TestClock()) as worker:
        worker.connected()

        assert ingest.wait_for(flushes=1)
    assert ingest.births == 1


def test_a_lost_connection_and_a_refusal_are_survived(ingest: FakeIngest) -> None:
    with running(ingest, TestClock()) as worker:
        worker.disconnected("gone")
        worker.refused("not authorised")
        deliver(worker, "a")

        assert ingest.wait_for(batches=1)
