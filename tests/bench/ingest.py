"""Events a second from a kiosk's MQTT publish to the hub's receipt, beside pgbench on the same PostgreSQL.

Everything is on this machine and real: broker, TLS with client certificates, chain, signature, booking with a durable
commit, receipt. Each event is a purchase that earns points. Hub and pgbench take turns on one server; journals are
written and signed before the clock starts, so that the time is the way's and not the sender's.
"""

import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from statistics import median, quantiles

from protocol.limits import BATCH_MAX_EVENTS
from provisioning.box import running
from provisioning.supervisor import Supervisor
from tests.bench.fleet import Sender, enlist
from tests.bench.hub_box import Rig, durable_rig
from tests.bench.pgbench import Pgbench
from tests.bench.report import Options, Report, Size, options, publish

KIOSKS = 8
ROUNDS = {Size.QUICK: 2, Size.NORMAL: 5, Size.FULL: 15}
BATCHES = {Size.QUICK: 20, Size.NORMAL: 40, Size.FULL: 80}
"""Envelopes of BATCH_MAX_EVENTS events for each kiosk and round."""
PGBENCH_S = {Size.QUICK: 4, Size.NORMAL: 8, Size.FULL: 20}
SINGLES = {Size.QUICK: 200, Size.NORMAL: 500, Size.FULL: 2_000}
"""Envelopes of one event, sent one after the other, for the time that one receipt takes."""


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder:
        publish(measure(Path(folder), asked), asked)


def measure(folder: Path, asked: Options) -> Report:
    """Let hub and pgbench take turns, then send single events."""
    with durable_rig(folder) as rig, Supervisor() as supervisor:
        running.start_broker(rig.box, supervisor)
        running.start_hub(rig.box, supervisor)
        senders, yardstick = enlist(rig.box, rig.hub, KIOSKS), Pgbench(rig.server)
        for sender in senders:
            sender.start()
        events_per_s(senders, 2)
        rates, yards = [], []
        for _ in range(ROUNDS[asked.size]):
            rates.append(events_per_s(senders, BATCHES[asked.size]))
            yards.append(yardstick.transactions_per_s(PGBENCH_S[asked.size]))
        waits = receipt_ms(senders[0], SINGLES[asked.size])
        for sender in senders:
            sender.stop()
        assert_all_booked(rig, senders)
    figures = {
        "events_per_s": median(rates),
        "pgbench_tps": median(yards),
        "receipt_ms_p50": median(waits),
        "receipt_ms_p99": quantiles(waits, n=100)[98],
    }
    return Report("ingest", figures, {"to_pgbench": figures["events_per_s"] / figures["pgbench_tps"]})


def events_per_s(senders: Sequence[Sender], batches: int) -> float:
    """Have all kiosks send so many full envelopes at once; the time runs from the first publish to the last receipt."""
    loads = [
        [(sender.journal.write(BATCH_MAX_EVENTS), sender.journal.seq) for _ in range(batches)] for sender in senders
    ]
    with ThreadPoolExecutor(len(senders)) as pool:
        began = time.perf_counter()
        list(pool.map(lambda sender, load: sender.send(load), senders, loads))
        seconds = time.perf_counter() - began
    return len(senders) * batches * BATCH_MAX_EVENTS / seconds


def receipt_ms(sender: Sender, count: int) -> list[float]:
    """Send single events, each when the one before has its receipt: milliseconds of each."""
    waits = []
    for _ in range(count):
        envelope = sender.journal.write(1)
        began = time.perf_counter()
        sender.send([(envelope, sender.journal.seq)])
        waits.append((time.perf_counter() - began) * 1000)
    return waits


def assert_all_booked(rig: Rig, senders: Sequence[Sender]) -> None:
    """A rate counts only if every event was applied, and none was refused."""
    problems = [problem for sender in senders for problem in sender.problems]
    assert not problems, problems[:3]
    booked = rig.booked()
    assert all(booked[sender.journal.kiosk] == sender.journal.seq for sender in senders), (
        "events are missing at the hub"
    )


if __name__ == "__main__":
    main()
