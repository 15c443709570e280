"""What a durable put costs with 0 to 100,000 events pending, beside a plain append, and what a replay costs.

All kinds of puts take turns in one run, on files of the same directory, so that they meet the same disk.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from statistics import median
from uuid import UUID

import msgspec

from kiosk.clock import system_random
from kiosk.store.disk import RealDisk
from kiosk.store.journal import Journal
from kiosk.store.local import LocalStore
from kiosk.store.tables import JournalDB
from tests.bench.month import HastyDisk, fill
from tests.bench.report import Options, Report, Size, options, publish

DEPTHS = {"put_ms_0": 0, "put_ms_1k": 1_000, "put_ms_10k": 10_000, "put_ms_100k": 100_000}
ROUNDS = {Size.QUICK: 60, Size.NORMAL: 300, Size.FULL: 2_000}
TABLE = "events"
PUTS_PER_ROUND = 20
MONTH_EVENTS = 100_000
MEMBERS = 2_000
REPLAYS = {Size.QUICK: 3, Size.NORMAL: 5, Size.FULL: 15}
SCRATCH = Path("out")
"""Beside the sources and not in the system's temporary directory, which may be memory."""

Document = dict[str, object]


def make_event(seq: int) -> Document:
    """Build an event as a kiosk journals it, of about 300 bytes."""
    return {
        "seq": seq,
        "id": f"0193b2c4-5d6e-7abc-8def-{seq:012x}",
        "kind": "lease.spent",
        "occurred_at": "2026-11-21T10:00:00.123Z",
        "clock": "ntp",
        "by": "member",
        "body": {
            "lease": seq,
            "spend": f"0193b2c4-5d6e-7abc-9def-{seq:012x}",
            "member": "0193b2c4-5d6e-7abc-adef-0123456789ab",
            "reward": "0193b2c4-5d6e-7abc-bdef-0123456789ab",
            "points": 1200,
        },
    }


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    SCRATCH.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory(dir=SCRATCH) as scratch:
        publish(measure(Path(scratch), asked), asked)


def measure(directory: Path, asked: Options) -> Report:
    """Build the journals, replay the deepest in processes of its own, then let all take turns at putting."""
    for name, depth in DEPTHS.items():
        build(directory, name, depth)
    replays = [replay(directory, "put_ms_100k") for _ in range(REPLAYS[asked.size])]
    month = directory / "month"
    fill(month, "k-bench", [UUID(int=member) for member in range(1, MEMBERS + 1)], MONTH_EVENTS)
    stores = [open_store(month) for _ in range(REPLAYS[asked.size])]
    puts = put_in_turns(directory, ROUNDS[asked.size])
    figures = {
        **{name: 1e3 * median(seconds) for name, seconds in puts.items()},
        "replay_s_100k": median(seconds for seconds, _ in replays),
        "replay_extra_mb_100k": median(megabytes for _, megabytes in replays),
        "store_open_s_100k": median(seconds for seconds, _ in stores),
        "store_extra_mb_100k": median(megabytes for _, megabytes in stores),
    }
    ratios = {
        "put_100k_to_raw": figures["put_ms_100k"] / figures["raw_ms"],
        "put_100k_to_0": figures["put_ms_100k"] / figures["put_ms_0"],
    }
    return Report("journal", figures, ratios)


def build(directory: Path, name: str, depth: int) -> None:
    """Fill a journal by single puts, one record each."""
    with JournalDB(Journal.open(HastyDisk(directory), name)) as db:
        for seq in range(1, depth + 1):
            db.table(TABLE).insert(make_event(seq))


def replay(directory: Path, name: str) -> tuple[float, float]:
    """Open a journal in a new process: seconds, and megabytes that its memory grew by at most."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_replay, (directory, name))


def open_store(folder: Path) -> tuple[float, float]:
    """Open all that a kiosk remembers of a month offline, in a new process: the same figures."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_open_store, (folder,))


def put_in_turns(directory: Path, rounds: int) -> dict[str, list[float]]:
    """Let every kind put a few times in each round: seconds of every put."""
    seconds: dict[str, list[float]] = {"raw_ms": [], **{name: [] for name in DEPTHS}}
    raw = RawFile(directory, puts=rounds * PUTS_PER_ROUND)
    dbs = {name: JournalDB(Journal.open(RealDisk(directory), name)) for name in DEPTHS}
    tables = {name: db.table(TABLE) for name, db in dbs.items()}
    for _ in range(rounds):
        seconds["raw_ms"] += [timed(raw.put) for _ in range(PUTS_PER_ROUND)]
        for name, table in tables.items():
            first = dbs[name].journal.next_id(TABLE)
            events = [make_event(first + ahead) for ahead in range(PUTS_PER_ROUND)]
            seconds[name] += [timed(partial(table.insert, event)) for event in events]
            table.remove(doc_ids=range(first, first + PUTS_PER_ROUND))
    for db in dbs.values():
        db.close()
    return seconds


class RawFile:
    """The limit that the disk sets: the bytes of an event, written and synced at the end of a preallocated file."""

    def __init__(self, directory: Path, *, puts: int) -> None:
        self._data = msgspec.json.encode(make_event(1))
        self._fd = os.open(directory / "raw", os.O_RDWR | os.O_CREAT)
        self._end = 0
        os.pwrite(self._fd, bytes(puts * len(self._data)), 0)
        os.fsync(self._fd)

    def put(self) -> None:
        """Append once."""
        os.pwrite(self._fd, self._data, self._end)
        os.fdatasync(self._fd)
        self._end += len(self._data)


def timed(act: Callable[[], object]) -> float:
    """Seconds that a call takes."""
    start = time.perf_counter()
    act()
    return time.perf_counter() - start


def _replay(directory: Path, name: str) -> tuple[float, float]:
    return _cost(lambda: Journal.open(RealDisk(directory), name))


def _open_store(folder: Path) -> tuple[float, float]:
    return _cost(lambda: LocalStore(RealDisk(folder), system_random, datetime.now(UTC)))


def _cost(opening: Callable[[], Journal | LocalStore]) -> tuple[float, float]:
    # Writing 5 there begins a new peak (proc(5)), so that what the imports took is not counted.
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    before = memory_kb("VmRSS")
    start = time.perf_counter()
    opened = opening()
    seconds = time.perf_counter() - start
    peak = memory_kb("VmHWM")
    opened.close()
    return seconds, (peak - before) / 1e3


def memory_kb(line: str) -> int:
    """One line of this process's status (proc(5)), in kilobytes."""
    status = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(entry.split()[1]) for entry in status if entry.startswith(f"{line}:"))


if __name__ == "__main__":
    main()
