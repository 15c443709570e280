"""What an offline visit costs: from the tap, and from the last touch, until it is committed, beside a plain append.

Real journals on a real disk and a real conductor without a window, with nothing and with 100,000 acts that the hub has
not confirmed. All take turns in one run. A tap journals the reading and uses up its code; a spend journals what was
taken from the lease. The time a new process needs to open the deep store, and its memory, are measured too.
"""

import logging
import multiprocessing
import tempfile
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from random import Random
from statistics import median, quantiles
from uuid import UUID
from zoneinfo import ZoneInfo

import structlog

from devices.reader import CardTapped
from kiosk.clock import SystemClock, system_random, wall_time
from kiosk.conductor import Conductor, Stage
from kiosk.store.disk import Disk, RealDisk
from kiosk.store.events import Stamp
from kiosk.store.holdings import Pen
from kiosk.store.local import LocalStore
from kiosk.store.provisional import REDEEMED, Act
from kiosk.sync import Identity, Sync
from kiosk.visit.intents import RedeemConfirmed, RewardChosen, VisitEnded
from kiosk.visit.states import Browsing, Showing
from protocol import codec
from protocol.events import LeaseSpent
from protocol.requests import DocumentPage
from provisioning import keys
from tests.bench.journal import SCRATCH, RawFile, memory_kb, timed
from tests.bench.month import HastyDisk
from tests.bench.report import Options, Report, Size, options, publish
from tests.kiosk.builders import LATTE, make_lend_points, make_reading, make_reward, make_snapshot, make_verifiers
from tests.kiosk.rig import FakeUplink

KIOSK = "k-00000000000000000000000000"
DEPTHS = {"0": 0, "100k": 100_000}
MEMBERS = {Size.QUICK: 3, Size.NORMAL: 40, Size.FULL: 200}
READINGS = 64
PRICE = 5
AT_ONCE_EVENTS = 500


@dataclass(slots=True)
class Kiosk:
    """One kiosk that is offline, and the cards of members to whom points were lent at it."""

    store: LocalStore
    conductor: Conductor

    @classmethod
    def on(cls, disk: Disk) -> "Kiosk":
        """Open a store, and put a kiosk without screen, reader and line around it."""
        store = LocalStore(disk, system_random, wall_time())
        clock = SystemClock(lambda: store.chain.known_until)
        key = keys.seeded_key(bytes(32))
        identity = Identity(KIOSK, "0", lambda data: keys.sign(key, data))
        sync = Sync(identity, store, FakeUplink(), clock=clock, random_bytes=system_random)
        stage = Stage(lambda _frame: None, lambda _sha256: None, lambda: 0, lambda: (0, 0))
        return cls(store, Conductor(store, sync, stage, clock=clock, zone=ZoneInfo("UTC")))

    def visit(self, card: bytes, counter: int) -> tuple[float, float]:
        """Tap and redeem: seconds until either was committed."""
        reading = CardTapped(make_reading(counter, card))
        tap = timed(lambda: self.conductor.handle(reading))
        self._expect(Browsing)
        self.conductor.handle(RewardChosen(LATTE, PRICE))
        spend = timed(lambda: self.conductor.handle(RedeemConfirmed()))
        self._expect(Showing)
        self.conductor.handle(VisitEnded())
        return tap, spend

    def _expect(self, state: type) -> None:
        assert isinstance(self.conductor.state, state), self.conductor.state


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        publish(measure(Path(scratch), asked), asked)


def measure(directory: Path, asked: Options) -> Report:
    """Build the stores, open the deepest in a process of its own, then let all take turns at visits."""
    members = MEMBERS[asked.size]
    for name, depth in DEPTHS.items():
        (directory / name).mkdir()
        build(directory / name, depth, members)
    open_s, extra_mb = opened(directory / "100k")
    seconds = visit_in_turns(directory, members)
    figures = {
        **{f"{kind}_ms_{part}": 1e3 * value for kind, taken in seconds.items() for part, value in _parts(taken)},
        "open_s_100k": open_s,
        "open_extra_mb_100k": extra_mb,
    }
    ratios = {
        "spend_100k_to_raw": figures["spend_100k_ms_p50"] / figures["raw_ms_p50"],
        "spend_100k_to_0": figures["spend_100k_ms_p50"] / figures["spend_0_ms_p50"],
        "tap_100k_to_0": figures["tap_100k_ms_p50"] / figures["tap_0_ms_p50"],
    }
    return Report("offline", figures, ratios)


def build(directory: Path, depth: int, members: int) -> None:
    """Journal so many acts of others, and lend points to members who will come."""
    kiosk = Kiosk.on(HastyDisk(directory))
    store, random, now = kiosk.store, Random(1), wall_time()
    store.documents.take(DocumentPage("catalogue", 1, 0, 1, [codec.raw(make_reward(points=PRICE))]))
    stamp = Stamp(now, "rtc", "kiosk")
    for first in range(0, depth, AT_ONCE_EVENTS):
        _journal_acts(store, stamp, first, random)
    pen = Pen(stamp, lambda count: [random.randbytes(10) for _ in range(count)], 0.0)
    for number in range(1, members + 1):
        member, card = UUID(int=number), _card(number)
        store.snapshots.keep(make_snapshot(member=member, points=1_000_000), uid=card.hex(), at_most=members)
        verifiers = make_verifiers(0, card, count=READINGS)
        deadline = now + timedelta(days=3)
        lend = make_lend_points(
            epoch=store.chain.epoch, lease=number, member=member, points=10_000, deadline=deadline, cards=[verifiers]
        )
        store.lent.take(lend, number, pen)
    store.close()


def opened(directory: Path) -> tuple[float, float]:
    """Open a store in a new process: seconds, and megabytes that its memory grew by at most."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_open, (directory,))


def visit_in_turns(directory: Path, members: int) -> dict[str, list[float]]:
    """Let members of every store tap and redeem, one after the other: seconds of every act."""
    kiosks = {name: Kiosk.on(RealDisk(directory / name)) for name in DEPTHS}
    raw = RawFile(directory, puts=members * READINGS)
    seconds: dict[str, list[float]] = {"raw": []}
    for counter in range(1, READINGS + 1):
        for number in range(1, members + 1):
            seconds["raw"].append(timed(raw.put))
            for name, kiosk in kiosks.items():
                tap, spend = kiosk.visit(_card(number), counter)
                seconds.setdefault(f"tap_{name}", []).append(tap)
                seconds.setdefault(f"spend_{name}", []).append(spend)
    for kiosk in kiosks.values():
        kiosk.store.close()
    return seconds


def _journal_acts(store: LocalStore, stamp: Stamp, first: int, random: Random) -> None:
    bodies, acts = [], []
    for number in range(first, first + AT_ONCE_EVENTS):
        member, spend = UUID(int=10_000_000 + number // 2), UUID(int=20_000_000 + number)
        data = {"spend": str(spend), "reward": str(LATTE), "points": PRICE}
        bodies.append(LeaseSpent(1, spend, member, LATTE, PRICE))
        acts.append((number + 1, Act(kind=REDEEMED, member=member, points=-PRICE, at=stamp.now, data=data)))

    def write() -> None:
        for seq, act in acts:
            store.register.write(seq, act)

    store.chain.append(bodies, stamp, [random.randbytes(10) for _ in bodies], also=write)
    for seq, act in acts:
        store.register.written(seq, act)


def _open(directory: Path) -> tuple[float, float]:
    # Writing 5 there begins a new peak (proc(5)), so that what the imports took is not counted.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before, start = memory_kb("VmRSS"), time.perf_counter()
    store = LocalStore(RealDisk(directory), system_random, wall_time())
    seconds = time.perf_counter() - start
    peak = memory_kb("VmHWM")
    store.close()
    return seconds, (peak - before) / 1e3


def _card(number: int) -> bytes:
    return b"\x04" + number.to_bytes(6, "big")


def _parts(seconds: list[float]) -> list[tuple[str, float]]:
    return [("p50", median(seconds)), ("p99", quantiles(seconds, n=100)[98])]


if __name__ == "__main__":
    main()
