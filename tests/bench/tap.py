"""What a member waits for: from the card's presenting to its data, and to the first frame of the member screen.

The kiosk is the real one, with broker and hub behind it; it draws 1280 x 800 pixels into memory with software GL, at
most 60 frames a second, into which the taps fall at random. The card lies in another process and is read by nfcpy.
"""

import logging
import multiprocessing
import os
import queue
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from pathlib import Path
from random import Random
from statistics import median, quantiles

import structlog

from devices.desk.cards import load
from devices.desk.counters import CounterFile
from devices.desk.desk import Desk
from devices.nfc import NfcReader
from devices.reader import CardTapped, ReaderReport
from devices.stand_ins.field import Field
from devices.stand_ins.udp import UdpAntenna
from kiosk.__main__ import Display, run
from kiosk.settings import Setup
from provisioning.box import making, running
from provisioning.box.layout import Box, free_ports
from provisioning.box.screen import Screen
from provisioning.supervisor import Supervisor
from tests.bench.report import Options, Report, Size, options, publish

CARD = "lin"
TAPS = {Size.QUICK: 15, Size.NORMAL: 100, Size.FULL: 400}
WAIT_S = 15.0
SETTLE_S = 0.35
"""Whoever taps stands before a screen that has come to rest."""
JITTER_S = 0.1


class Hand:
    """Lays a card on an antenna and lifts it again, in a process of its own."""

    def __init__(self, line: Connection) -> None:
        self._line = line
        self._random = Random(1)

    def lay(self) -> float:
        """Lay it down at a moment that nobody knows beforehand; returns when that was."""
        time.sleep(SETTLE_S + self._random.uniform(0, JITTER_S))
        self._line.send("lay")
        at: float = self._line.recv()
        return at

    def lift(self) -> None:
        """Take it away."""
        self._line.send("lift")
        self._line.recv()


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder:
        publish(measure(Path(folder), asked), asked)


def measure(folder: Path, asked: Options) -> Report:
    """Read a card with nothing but the reader, then tap on a whole kiosk."""
    box = Box(folder, free_ports())
    making.make(box)
    with hand(box) as member:
        ndef_ms = read_often(box, member, TAPS[asked.size])
        with Supervisor() as supervisor:
            running.start_broker(box, supervisor)
            running.start_hub(box, supervisor)
            frame_ms = tap_often(box, member, TAPS[asked.size])
    return Report("tap", {**spread("ndef_ms", ndef_ms), **spread("frame_ms", frame_ms)})


def spread(name: str, times_ms: list[float]) -> dict[str, float]:
    """Median and 95th percentile under their names."""
    return {f"{name}_p50": median(times_ms), f"{name}_p95": quantiles(times_ms, n=20)[18]}


@contextmanager
def hand(box: Box) -> Iterator[Hand]:
    """Somebody with the demo's card."""
    spawning = multiprocessing.get_context("spawn")
    here, there = spawning.Pipe()
    process = spawning.Process(target=_lay_and_lift, args=(there, box.demo / "cards.json", box.ports.antenna))
    process.start()
    here.recv()
    try:
        yield Hand(here)
    finally:
        here.send("leave")
        process.join()


def _lay_and_lift(line: Connection, cards: Path, port: int) -> None:
    field = Field()
    with CounterFile(cards.with_suffix(".state.json")) as counters, UdpAntenna(field, port=port, now_s=time.monotonic):
        desk = Desk(load(cards), field, counters=counters, random_bytes=os.urandom)
        line.send(None)
        while (wish := line.recv()) != "leave":
            at = time.perf_counter()
            if wish == "lay":
                desk.lay(CARD)
            else:
                desk.lift()
            line.send(at)


def read_often(box: Box, member: Hand, taps: int) -> list[float]:
    """Milliseconds from presenting a card until its data is there."""
    seen: queue.Queue[tuple[ReaderReport, float]] = queue.Queue()
    reader = NfcReader(f"udp:127.0.0.1:{box.ports.antenna}", lambda report: seen.put((report, time.perf_counter())))
    reader.start()
    times_ms = []
    for _ in range(taps):
        began = member.lay()
        report, at = seen.get(timeout=WAIT_S)
        while not isinstance(report, CardTapped):
            report, at = seen.get(timeout=WAIT_S)
        times_ms.append((at - began) * 1000)
        member.lift()
    reader.stop()
    return times_ms


def tap_often(box: Box, member: Hand, taps: int) -> list[float]:
    """Milliseconds from presenting a card until the member screen's first frame. Runs the kiosk on this thread."""
    times_ms: list[float] = []
    customer = threading.Thread(target=_visit_often, args=(box, member, taps, times_ms.append), daemon=True)
    customer.start()
    run(Setup(box.kiosk_settings), Display(offscreen=True, size="1280x800", remote=box.remote))
    customer.join()
    assert len(times_ms) == taps, "the customer gave up; what went wrong stands above"
    return times_ms


def _visit_often(box: Box, member: Hand, taps: int, note_ms: Callable[[float], None]) -> None:
    try:
        while not box.remote.exists():
            time.sleep(SETTLE_S)
        with Screen(box.remote) as screen:
            screen.wait("attract")
            frames = FirstFrames()
            for number in range(taps + 1):
                began = member.lay()
                at = frames.next("member")
                # The first visit is the one in which the kiosk gets to know the card.
                if number > 0:
                    note_ms((at - began) * 1000)
                member.lift()
                screen.tap("end")
                screen.wait("attract")
    finally:
        os.kill(os.getpid(), signal.SIGTERM)


class FirstFrames:
    """Notes when each screen was first drawn. Made once Kivy's window is open."""

    def __init__(self) -> None:
        from kivy.core.window import Window  # noqa: PLC0415 - importing it opens a window

        self._window = Window
        self._drawn: queue.Queue[tuple[str, float]] = queue.Queue()
        self._newest = ""
        Window.bind(on_flip=self._flipped)

    def next(self, name: str) -> float:
        """Wait until a screen of this name has been drawn; returns when that was."""
        drawn, at = self._drawn.get(timeout=WAIT_S)
        while drawn != name:
            drawn, at = self._drawn.get(timeout=WAIT_S)
        return at

    def _flipped(self, _window: object) -> None:
        screen = self._window.children[-1].screen
        name = screen.name if screen else ""
        if name != self._newest:
            self._newest = name
            self._drawn.put((name, time.perf_counter()))


if __name__ == "__main__":
    main()
