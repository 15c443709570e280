"""Events booked a second, beside pgbench on the same PostgreSQL: lots and rules on, every commit on the disk.

Set-based batches of BATCH_MAX_ITEMS purchases, as an ingest worker books them under load, by WRITERS processes whose
members are their own (a worker owns its kiosks, and a member mostly shops at home). Then bookings that come alone,
STEADY_PER_S a second at random moments, through the queue that the API uses. Then both again with a crowd of members
and entries in the tables, which shows what grows. Then SQLite. The books are proved at the end.
"""

import asyncio
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median, quantiles
from typing import Self
from uuid import UUID

from hub import migrations, secrets
from hub.booking.coalescer import Coalescer
from hub.booking.service import BATCH_MAX_ITEMS
from hub.clock import system_random
from hub.commands.process import spare_the_collector
from hub.composition import Hub, compose
from hub.db.session import Database
from hub.intake import ByKey, Item, Outcome
from hub.ledger import service as ledger
from tests.bench import chain
from tests.bench.chain import Till
from tests.bench.pgbench import Pgbench
from tests.bench.report import Options, Report, Size, options, publish
from tests.bench.writers import Share, Writer
from tests.services.postgresql import DURABLE, Server, free_port

WRITERS = 2
MEMBERS = 10_000
ROUNDS = {Size.QUICK: 2, Size.NORMAL: 5, Size.FULL: 9}
BATCHES = {Size.QUICK: 8, Size.NORMAL: 16, Size.FULL: 16}
"""Batches of each writer and round."""
PGBENCH_S = {Size.QUICK: 3, Size.NORMAL: 8, Size.FULL: 15}
PGBENCH_CLIENTS = 8
CROWD = {Size.QUICK: 0, Size.NORMAL: 1_000_000, Size.FULL: 10_000_000}
"""Members and entries that are added for the figures of a large chain."""
STEADY_PER_S = 200
STEADY_S = {Size.QUICK: 4, Size.NORMAL: 15, Size.FULL: 60}


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder:
        publish(measure(Path(folder), asked), asked)


def measure(folder: Path, asked: Options) -> Report:
    """Measure on both databases; PostgreSQL and pgbench take turns."""
    server = Server.start(free_port(), DURABLE)
    try:
        server.create("hub")
        yardstick = Pgbench(server, clients=PGBENCH_CLIENTS)
        figures, ratios = _on_postgresql(Rig.make(server.url("hub"), folder), yardstick, asked)
    finally:
        server.stop()
    with Rig.make(f"sqlite:///{folder / 'hub.db'}", folder) as rig, rig.writers(1) as writers:
        rates = [rig.events_per_s(writers, BATCHES[asked.size]) for _ in range(ROUNDS[asked.size])]
        figures["sqlite_events_per_s"] = median(rates)
        rig.prove()
    return Report("ledger", figures, ratios)


def _on_postgresql(rig: "Rig", yardstick: Pgbench, asked: Options) -> tuple[dict[str, float], dict[str, float]]:
    rounds, batches, seconds = ROUNDS[asked.size], BATCHES[asked.size], PGBENCH_S[asked.size]
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    with rig:
        with rig.writers(WRITERS) as writers:
            rates, yards = [], []
            for _ in range(rounds):
                rates.append(rig.events_per_s(writers, batches))
                yards.append(yardstick.transactions_per_s(seconds))
        figures |= {"events_per_s": median(rates), "pgbench_tps": median(yards)}
        ratios["to_pgbench"] = figures["events_per_s"] / figures["pgbench_tps"]
        figures |= rig.singles("single", STEADY_S[asked.size])
        rig.prove()
        if CROWD[asked.size]:
            rig.fill(CROWD[asked.size])
            with rig.writers(WRITERS) as writers:
                rates = [rig.events_per_s(writers, batches) for _ in range(rounds)]
            figures["large_events_per_s"] = median(rates)
            ratios["large_to_small"] = figures["large_events_per_s"] / figures["events_per_s"]
            figures |= rig.singles("large_single", STEADY_S[asked.size])
    return figures, ratios


@dataclass(slots=True)
class Rig:
    """One database with a chain in it, and the hub's parts on top."""

    hub: Hub
    secrets: Path
    source: ByKey
    members: Sequence[UUID]

    @classmethod
    def make(cls, url: str, folder: Path) -> Self:
        """Migrate an empty database and found the chain."""
        migrations.upgrade(url)
        path = folder / "secrets.json"
        known = secrets.read(path) if path.exists() else secrets.create(path, system_random)
        hub = compose(Database(url), known)
        source = chain.found(hub)
        return cls(hub, path, source, chain.enrol(hub, MEMBERS, Random(1)))

    def __enter__(self) -> Self:
        spare_the_collector()
        return self

    def __exit__(self, *_error: object) -> None:
        self.hub.database.close()

    def writers(self, count: int) -> "Writers":
        """So many writers that share the members out among them."""
        url = self.hub.database.url.render_as_string(hide_password=False)
        shares = [
            Share(url, self.secrets, self.source, self.members[number::count], seed=time.time_ns() + number)
            for number in range(count)
        ]
        return Writers(shares)

    def events_per_s(self, writers: "Writers", batches: int) -> float:
        """Have every writer book so many batches; the time runs from the first to the last."""
        return writers.count * batches * BATCH_MAX_ITEMS / writers.book(batches)

    def singles(self, name: str, seconds: int) -> dict[str, float]:
        """Bookings that come one by one at random moments, from when each came to its answer."""
        till = Till(self.source, self.members, Random(time.time_ns()))
        items = [till.purchase() for _ in range(STEADY_PER_S * seconds)]
        waits = asyncio.run(_arrive(self.hub, items, till.random))
        return {f"{name}_p50_ms": median(waits), f"{name}_p99_ms": quantiles(waits, n=100)[98]}

    def fill(self, count: int) -> None:
        """Add a crowd."""
        with self.hub.database.write() as session:
            chain.crowd(session, count)

    def prove(self) -> None:
        """A rate counts only if the books are right."""
        with self.hub.database.read() as session:
            faults = ledger.prove(session).faults
        assert faults == (), faults[:3]


class Writers:
    """Writers that begin together."""

    def __init__(self, shares: Sequence[Share]) -> None:
        self._shares = shares
        self._writers: list[Writer] = []
        self._stack = ExitStack()

    def __enter__(self) -> Self:
        self._writers = [self._stack.enter_context(Writer(share)) for share in self._shares]
        self.book(2)
        return self

    def __exit__(self, *_error: object) -> None:
        self._stack.close()

    @property
    def count(self) -> int:
        """How many they are."""
        return len(self._writers)

    def book(self, batches: int) -> float:
        """Have each book so many batches; how long it took all of them, in seconds."""
        for writer in self._writers:
            writer.prepare(batches)
        for writer in self._writers:
            writer.wait()
        began = time.perf_counter()
        for writer in self._writers:
            writer.go()
        for writer in self._writers:
            writer.wait()
        return time.perf_counter() - began


async def _arrive(hub: Hub, items: Sequence[Item], random: Random) -> list[float]:
    """Ask for each booking at a moment of a Poisson process; how long each waited, in milliseconds."""
    queue: Coalescer[Item, Outcome] = Coalescer(hub.book, batch_max=BATCH_MAX_ITEMS, name="booking")
    waits: list[float] = []

    async def ask(item: Item) -> None:
        began = time.perf_counter()
        outcome = await queue.ask(item)
        waits.append((time.perf_counter() - began) * 1000)
        assert outcome.is_applied, outcome

    at = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for item in items:
            at += random.expovariate(STEADY_PER_S)
            await asyncio.sleep(max(0.0, at - time.perf_counter()))
            group.create_task(ask(item))
    queue.close()
    return waits


if __name__ == "__main__":
    main()
