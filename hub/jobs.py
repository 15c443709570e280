"""Work that nobody waits for: the ends of days, and clearing away what no longer authorises or reserves anything."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from hub.alerts.service import look
from hub.approvals.answers import carry_on
from hub.booking.service import BATCH_MAX_ITEMS
from hub.clock import Clock
from hub.composition import Hub
from hub.day_end.run import DayEnds
from hub.duplicates import service as duplicates
from hub.holds import service as holds
from hub.imports.exporting import Exporter
from hub.imports.worker import Worker
from hub.members import search
from hub.merges import service as merges
from hub.privacy import erasure
from hub.privacy.retention import Retention
from hub.sessions import service as sessions
from hub.sessions import throttle, tickets
from hub.webhooks.delivery import Courier
from hub.webhooks.sending import Sender

POLL_S = 5.0

DAY_END_EVERY_MIN = 5
"""How often it is asked which days are over: so long a late event may wait until it is looked at."""

LOOK_EVERY_MIN = 10
"""How often odd behaviour is looked for."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often."""

    name: str
    every: timedelta
    work: Callable[[datetime], object]


def long_jobs(hub: Hub) -> list[Job]:
    """Jobs that may take many minutes; they have a scheduler of their own, so that the others are not late."""
    worker = Worker(hub.database, hub.vault, hub.clock, hub.random_bytes)
    exporter = Exporter(hub.database, hub.vault, hub.clock)
    return [
        Job("put exports together", timedelta(seconds=POLL_S / 2), lambda _now: exporter.run()),
        Job("work imports off", timedelta(seconds=POLL_S / 2), lambda _now: worker.run()),
        Job("end days", timedelta(minutes=DAY_END_EVERY_MIN), lambda _now: end_days(hub)),
        Job("keep to retention", timedelta(days=1), lambda now: keep_to_retention(hub, now)),
        Job("look for duplicates", timedelta(days=1), lambda now: look_for_duplicates(hub, now)),
        Job("index names", timedelta(days=1), lambda _now: index_names(hub)),
        Job("look for odd behaviour", timedelta(minutes=LOOK_EVERY_MIN), lambda now: look_for_odd(hub, now)),
    ]


def jobs(hub: Hub) -> list[Job]:
    """Jobs that are quickly done."""
    return [
        Job("finish erasures", timedelta(seconds=POLL_S), lambda now: finish_erasures(hub, now)),
        Job("erase again", timedelta(hours=1), lambda now: erase_again(hub, now)),
        Job("carry on approvals", timedelta(minutes=1), lambda now: carry_on(hub, now)),
        Job("follow merges", timedelta(seconds=POLL_S / 2), lambda now: follow_merges(hub, now)),
        Job("forget log-ins", timedelta(hours=1), lambda now: forget_log_ins(hub, now)),
        Job("free holds", timedelta(seconds=POLL_S / 2), lambda now: free_overdue(hub, now)),
    ]


def look_for_odd(hub: Hub, now: datetime) -> None:
    """Raise alerts for what a person should look at."""
    for alert in look(hub.database, now):
        log.warning("something odd was found", alert=str(alert))


def courier_jobs(hub: Hub) -> list[Job]:
    """Jobs that wait for receivers of webhooks, which may be slow."""
    courier = Courier(hub.database, hub.vault, Sender(hub.guard), hub.random_bytes)
    return [
        Job("deliver webhooks", timedelta(seconds=POLL_S / 2), lambda _now: courier.deliver(hub.clock)),
        Job("forget webhooks", timedelta(hours=1), courier.forget),
    ]


def end_days(hub: Hub) -> None:
    """End every day that is over, and put right what came to light since."""
    for day in DayEnds(hub.database, hub.book, hub.clock).run():
        log.info("a day was ended", day=day.isoformat())


def finish_erasures(hub: Hub, now: datetime) -> None:
    """Take down which kiosks have forgotten whom, as long as an erasure is not complete."""
    with hub.database.read() as session:
        is_open = erasure.is_any_open(session)
    if is_open:
        hub.database.run(lambda session: erasure.finish(session, now, hub.random_bytes))


def erase_again(hub: Hub, now: datetime) -> None:
    """Erase whom the list outside the database names and the database knows again, because it was restored."""
    while hub.database.run(lambda session: hub.eraser.repeat(session, now)):
        log.warning("members were erased again, because the list of erased members names them")


def keep_to_retention(hub: Hub, now: datetime) -> None:
    """Destroy what has been kept for long enough."""
    destroyed = Retention(hub.database, hub.eraser, hub.random_bytes).run(now)
    log.info("kept for long enough", **destroyed)


def index_names(hub: Hub) -> None:
    """Have members be found by their names who joined before there was that search."""
    while hub.database.run(lambda session: search.index_missing(session, hub.vault)) == search.PIECE_MAX_MEMBERS:
        pass


def forget_log_ins(hub: Hub, now: datetime) -> None:
    """Remove failures, tickets and sessions that count no more."""

    def work(session: Session) -> None:
        throttle.forget(session, now)
        tickets.forget(session, now)
        sessions.forget(session, now)

    hub.database.run(work)


def free_overdue(hub: Hub, now: datetime) -> None:
    """Give back what is held though its time has run out: so many of the longest overdue as one booking takes."""
    with hub.database.read() as session:
        items = holds.overdue(session, now, BATCH_MAX_ITEMS)
    if items:
        hub.booking.book(items, now)


def look_for_duplicates(hub: Hub, now: datetime) -> None:
    """Put members that may be one person on the list."""
    new = duplicates.look_through(hub.database, hub.vault, now)
    log.info("members were compared", new=new)


def follow_merges(hub: Hub, now: datetime) -> None:
    """Have what came to merged members all the same follow to those that were kept."""
    with hub.database.read() as session:
        items = merges.behind(session, now, BATCH_MAX_ITEMS)
    if items:
        hub.booking.book(items, now)


class Scheduler:
    """Runs jobs one after the other, each when it is due; the first time at once."""

    def __init__(self, due: Sequence[Job], clock: Clock) -> None:
        self._jobs = due
        self._clock = clock
        self._last: dict[str, datetime] = {}
        self._stopping = threading.Event()

    def run(self) -> None:
        """Run what is due until stopped."""
        log.info("jobs are run", jobs=[job.name for job in self._jobs])
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
