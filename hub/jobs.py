"""Work that nobody waits for: the ends of days, and clearing away what no longer authorises or reserves anything."""

import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy.orm import Session

from hub.alerts.service import look
from hub.approvals.answers import carry_on
from hub.booking.again import retry_parked
from hub.booking.service import BATCH_MAX_ITEMS
from hub.clock import Clock
from hub.composition import Hub
from hub.day_end.run import DayEnds
from hub.duplicates import service as duplicates
from hub.holds import service as holds
from hub.imports.exporting import Exporter
from hub.imports.worker import Worker
from hub.leases.rounds import Rounds
from hub.leases.stock_rounds import lend_stock
from hub.members import search
from hub.merges import service as merges
from hub.privacy import erasure
from hub.privacy.retention import Retention
from hub.privacy.tombstones import known_of
from hub.proof.service import JournalProver
from hub.restores import service as restores
from hub.sessions import service as sessions
from hub.sessions import throttle, tickets
from hub.webhooks.delivery import Courier
from hub.webhooks.sending import Sender

POLL_S = 5.0

DAY_END_EVERY_MIN = 5
"""How often it is asked which days are over: so long a late event may wait until it is looked at."""

TRY_AGAIN = timedelta(minutes=5)
"""So soon a job that failed is tried again, unless it is due before."""

LOOK_EVERY_MIN = 10
"""How often odd behaviour is looked for."""

RETRY_EVERY_MIN = 60
"""How often parked events are tried again; it is done at the start too, which is when an upgrade has come."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """Something to do every so often."""

    name: str
    every: timedelta
    work: Callable[[datetime], object]


def long_jobs(hub: Hub) -> list[Job]:
    """Jobs that may take many minutes; they have a scheduler of their own, so that the others are not late."""
    worker = import_worker(hub)
    exporter = Exporter(hub.database, hub.vault, hub.clock)
    return [
        Job("put exports together", timedelta(seconds=POLL_S / 2), lambda _now: exporter.run()),
        Job("work imports off", timedelta(seconds=POLL_S / 2), lambda _now: worker.run()),
        Job("end days", timedelta(minutes=DAY_END_EVERY_MIN), lambda _now: end_days(hub)),
        Job("keep to retention", timedelta(days=1), lambda now: keep_to_retention(hub, now)),
        Job("look for duplicates", timedelta(days=1), lambda now: look_for_duplicates(hub, now)),
        Job("index names", timedelta(days=1), lambda _now: index_names(hub)),
        Job("look for odd behaviour", timedelta(minutes=LOOK_EVERY_MIN), lambda now: look_for_odd(hub, now)),
        Job("prove journals", timedelta(days=1), lambda now: prove_journals(hub, now)),
    ]


def import_worker(hub: Hub) -> Worker:
    """What works imports off: it brings nobody back who is on the list of erased members."""

    def erased() -> Callable[[str, str], bool]:
        listed = known_of(hub.eraser.tombstones)
        return lambda field, value: bool(listed) and erasure.known_by(hub.vault, field, value) in listed

    return Worker(hub.database, hub.vault, hub.clock, hub.random_bytes, erased=erased)


def jobs(hub: Hub) -> list[Job]:
    """Jobs that are quickly done."""
    rounds = Rounds(hub.database, hub.book)
    return [
        Job("finish erasures", timedelta(seconds=POLL_S), lambda now: finish_erasures(hub, now)),
        Job("erase again", timedelta(hours=1), lambda now: erase_again(hub, now)),
        Job("carry on approvals", timedelta(minutes=1), lambda now: carry_on(hub, now)),
        Job("follow merges", timedelta(seconds=POLL_S / 2), lambda now: follow_merges(hub, now)),
        Job("forget log-ins", timedelta(hours=1), lambda now: forget_log_ins(hub, now)),
        Job("try parked events again", timedelta(minutes=RETRY_EVERY_MIN), lambda _now: retry(hub)),
        Job("lend ahead", timedelta(seconds=POLL_S / 2), rounds.run),
        Job("lend stock", timedelta(minutes=1), lambda now: lend_stock(hub.database, hub.book, now)),
        Job("free holds", timedelta(seconds=POLL_S / 2), lambda now: free_overdue(hub, now)),
        Job("wait for kiosks", timedelta(seconds=POLL_S / 2), lambda now: wait_for_kiosks(hub, now)),
    ]


def look_for_odd(hub: Hub, now: datetime) -> None:
    """Raise alerts for what a person should look at."""
    for alert in look(hub.database, now):
        log.warning("something odd was found", alert=str(alert))


def prove_journals(hub: Hub, now: datetime) -> None:
    """Compare what has come into the journals and the ledger since the last time."""
    proof = JournalProver(hub.database, hub.random_bytes).run(now)
    told = {"journals": proof.journals, "facts": proof.facts, "transfers": proof.transfers}
    if proof.faults:
        log.error("journals and ledger differ", **told, faults=proof.faults, first=proof.told[0])
    else:
        log.info("journals and ledger are equal", **told)


def wait_for_kiosks(hub: Hub, now: datetime) -> None:
    """After a restore: let go of kiosks that have told again what they know."""
    with hub.database.read() as session:
        is_waiting = restores.is_waiting_for_replay(session)
    if is_waiting:
        replayed = hub.database.run(lambda session: restores.settle(session, now))
        log.info("a restored hub waits for kiosks", settled=replayed)


def courier_jobs(hub: Hub) -> list[Job]:
    """Jobs that wait for receivers of webhooks, which may be slow."""
    courier = Courier(hub.database, hub.vault, Sender(hub.guard), hub.random_bytes)
    return [
        Job("deliver webhooks", timedelta(seconds=POLL_S / 2), lambda _now: courier.deliver(hub.clock)),
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


def retry(hub: Hub) -> None:
    """Try again what was parked, because it was not understood or broke the program when it came."""
    retried = retry_parked(hub.database, hub.book)
    if retried.tried:
        log.info("parked events were tried again", **asdict(retried))


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
        """Run every job that is due at a moment. One that fails is tried again soon, however seldom it is due."""
        for job in self._jobs:
            if job.name in self._last and now - self._last[job.name] < job.every:
                continue
            self._last[job.name] = now
            try:
                job.work(now)
            except Exception:
                log.exception("a job failed", job=job.name)
                # A database that was away for a minute must not put off for a day what is done once a day.
                self._last[job.name] = now - max(job.every - TRY_AGAIN, timedelta())

    def stop(self) -> None:
        """Have `run` end."""
        self._stopping.set()
