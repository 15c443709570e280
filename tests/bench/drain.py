"""A month offline: a kiosk's journal of 100,000 purchases, brought to the hub through a real broker over TLS.

On either database, beside a kiosk that asks and a till that posts all the time. The seconds run from the start of the
kiosk's process, so they hold the replay of its journal and the connection, to the last event in the hub's books.
"""

import tempfile
import time
from dataclasses import replace
from pathlib import Path
from uuid import UUID

from tests.bench.arena import POSTGRESQL, Arena, arena
from tests.bench.live import Answers, live
from tests.bench.month import fill
from tests.bench.report import Options, Report, Size, options, publish

EVENTS = {Size.QUICK: 10_000, Size.NORMAL: 100_000, Size.FULL: 300_000}
DATABASES = {Size.QUICK: ["sqlite"], Size.NORMAL: [POSTGRESQL, "sqlite"], Size.FULL: [POSTGRESQL, "sqlite"]}
QUIET_S = {Size.QUICK: 5, Size.NORMAL: 20, Size.FULL: 60}
"""How long answers are timed before the kiosk comes back."""
BACK, ASKING = "kiosk-1", "kiosk-2"


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    publish(measure(asked), asked)


def measure(asked: Options) -> Report:
    """Drain into each database."""
    figures: dict[str, float] = {}
    ratios: dict[str, float] = {}
    for database in DATABASES[asked.size]:
        with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder, arena(Path(folder), database) as store:
            store.enlist(2, 1.0, seed=1)
            found = drain(store, EVENTS[asked.size], QUIET_S[asked.size])
        figures.update({f"{name}_{database}": value for name, value in found.items()})
        for who in ("kiosk", "till"):
            ratio = found[f"{who}_p99_ms_busy"] / found[f"{who}_p99_ms_quiet"]
            ratios[f"{who}_busy_to_quiet_{database}"] = ratio
    return Report("drain", figures, ratios)


def drain(store: Arena, events: int, quiet_s: int) -> dict[str, float]:
    """Let a kiosk come back with so many events."""
    plan = store.plans[BACK]
    fill(Path(plan.store), plan.kiosk, [UUID(member) for member in plan.members], events)
    store.plans[BACK] = replace(plan, members=[])
    store.plans[BACK].write(store.plan_file(BACK))
    with live(store.box, store.plans.pop(ASKING), store.supervisor) as answers:
        time.sleep(quiet_s)
        began = time.monotonic()
        store.start(BACK)
        store.wait_until_booked({BACK: events})
        ended = time.monotonic()
        told = Answers.read(answers)
    store.assert_all_applied(BACK, events)
    figures = {"seconds": ended - began, "events_per_s": events / (ended - began)}
    for who in ("kiosk", "till"):
        figures[f"{who}_p99_ms_quiet"] = told.p99_ms(who, began - quiet_s + 2, began)
        figures[f"{who}_p99_ms_busy"] = told.p99_ms(who, began, ended)
    return {**figures, "kiosk_mb": peak_mb(store.supervisor.pid_of(BACK))}


def peak_mb(process: int) -> float:
    """The most memory that a process has had so far."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1e3


if __name__ == "__main__":
    main()
