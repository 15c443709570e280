"""Work that nobody waits for: the nightly proof of the books, and clearing away what no longer authorises anything."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import delete

from hub.cards.models import Visit
from hub.clock import Clock
from hub.composition import Hub
from hub.ledger import service as ledger

VISITS_KEPT_DAYS = 7
"""How long an ended visit is kept, so that a question about it can be answered."""

POLL_S = 5.0

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often."""

    name: str
    every: timedelta
    work: Callable[[datetime], None]


def jobs(hub: Hub) -> list[Job]:
    """Every job of the hub."""
    return [
        Job("prove the books", timedelta(hours=24), lambda _now: prove(hub)),
        Job("clear visits", timedelta(hours=1), lambda now: clear_visits(hub, now)),
    ]


def prove(hub: Hub) -> None:
    """Compare all books; a fault is an error in the log for somebody to look at."""
    with hub.database.read() as session:
        proof = ledger.prove(session)
    for fault in proof.faults:
        log.error("the books are wrong", fault=fault)
    log.info("the books were proved", accounts=proof.accounts, transfers=proof.transfers, faults=len(proof.faults))


def clear_visits(hub: Hub, now: datetime) -> None:
    """Forget visits that ended days ago."""
    ended = delete(Visit).where(Visit.ends_at < now - timedelta(days=VISITS_KEPT_DAYS))
    hub.database.run(lambda session: session.execute(ended))


class Scheduler:
    """Runs jobs one after the other, each when it is due; the first time at once."""

    def __init__(self, due: Sequence[Job], clock: Clock) -> None:
        self._jobs = due
        self._clock = clock
        self._last: dict[str, datetime] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Run what is due until stopped."""
        while not self._stopping.is_set():
            self.run_due(self._clock())
            self._stopping.wait(POLL_S)

    def run_due(self, now: datetime) -> None:
        """Run every job that is due at a moment. One that fails is tried again when it is due again."""
        for job in self._jobs:
            if job.name in self._last and now - self._last[job.name] < job.every:
                continue
            self._last[job.name] = now
            try:
                job.work(now)
            except Exception:
                log.exception("a job failed", job=job.name)

    def stop(self) -> None:
        """Have `run` end."""
        self._stopping.set()
