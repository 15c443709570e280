import threading
from collections.abc import Callable, Iterator
from itertools import count

import pytest

from kiosk.conductor import Conductor
from kiosk.happenings import Arrived, Happening
from kiosk.loop import TICK_S, Loop

WAIT_S = 30


class Recorder(Conductor):
    """Stands in for the conductor: keeps what it is given, and does what a test wants done on the way."""

    def __init__(self, on_tick: Callable[[], None] = lambda: None) -> None:
        self.seen: list[str] = []
        self.ticks = 0
        self.ticked = threading.Event()
        self._on_tick = on_tick

    def handle(self, happening: Happening) -> None:
        assert isinstance(happening, Arrived)
        self.seen.append(happening.topic)
        if happening.topic == "broken":
            raise RuntimeError("stumbled")

    def tick(self) -> None:
        self.ticks += 1
        self.ticked.set()
        self._on_tick()


@pytest.fixture
def loop() -> Iterator[Loop]:
    made = Loop()
    yield made
    made.stop()


def frozen() -> float:
    return 0.0


def make_happening(name: str) -> Arrived:
    return Arrived(name, b"")


def test_what_happens_is_handled_in_order(loop: Loop) -> None:
    names = [str(number) for number in range(500)]
    recorder = Recorder()
    loop.start(recorder, frozen)

    for name in names:
        loop.put(make_happening(name))
    loop.stop()

    assert recorder.seen == names


def test_what_happened_before_the_start_is_not_lost(loop: Loop) -> None:
    recorder = Recorder()
    loop.put(make_happening("early"))

    loop.start(recorder, frozen)
    loop.stop()

    assert recorder.seen == ["early"]


def test_a_stumble_does_not_end_the_conductor(loop: Loop) -> None:
    recorder = Recorder()
    loop.start(recorder, frozen)

    for name in ("first", "broken", "last"):
        loop.put(make_happening(name))
    loop.stop()

    assert recorder.seen == ["first", "broken", "last"]


def test_a_stumble_in_a_tick_does_not_end_the_conductor(loop: Loop) -> None:
    def stumble() -> None:
        raise RuntimeError("stumbled")

    recorder = Recorder(stumble)
    loop.start(recorder, count(0, TICK_S).__next__)
    assert recorder.ticked.wait(WAIT_S)

    loop.put(make_happening("after"))
    loop.stop()

    assert recorder.seen == ["after"]


def test_time_passes_for_an_idle_conductor(loop: Loop) -> None:
    recorder = Recorder()

    loop.start(recorder, frozen)

    assert recorder.ticked.wait(WAIT_S)
    assert recorder.seen == []


def test_time_passes_for_a_busy_conductor(loop: Loop) -> None:
    # Everything waits already when the thread begins, so a tick can only come between two happenings.
    recorder = Recorder()
    for number in range(100):
        loop.put(make_happening(str(number)))

    loop.start(recorder, count(0, TICK_S / 10).__next__)
    loop.stop()

    assert len(recorder.seen) == 100
    assert recorder.ticks >= 10


def test_a_busy_conductor_does_not_tick_too_often(loop: Loop) -> None:
    recorder = Recorder()
    for number in range(100):
        loop.put(make_happening(str(number)))
    # The end waits in the queue too, so the thread never finds it empty, however slow the machine is.
    loop.stop()

    loop.start(recorder, frozen)
    loop.stop()

    assert len(recorder.seen) == 100
    assert recorder.ticks == 0


def test_stopping_ends_the_thread(loop: Loop) -> None:
    loop.start(Recorder(), frozen)

    loop.stop()

    assert "conductor" not in {thread.name for thread in threading.enumerate()}


def test_a_loop_that_never_began_can_be_stopped(loop: Loop) -> None:
    loop.stop()
