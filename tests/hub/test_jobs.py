import threading
from datetime import datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update
from structlog.testing import capture_logs

from hub.cards.models import Visit
from hub.composition import compose
from hub.db.session import Database
from hub.holds.service import HoldPlaced
from hub.jobs import TRY_AGAIN, Job, Scheduler, end_days, free_overdue, jobs, keep_to_retention, long_jobs
from hub.ledger.models import Account
from hub.points.service import points_account
from hub.privacy.rules import RetentionPolicy
from protocol.events import LeaseAccepted
from protocol.requests import PresentCard
from tests.hub.world import SECRETS, START, TestClock, World

HOUR, MINUTE = timedelta(hours=1), timedelta(minutes=1)


class Work:
    """Notes when it was done; fails as often as it is told to."""

    def __init__(self, failures: int = 0) -> None:
        self.done: list[datetime] = []
        self.failures = failures

    def __call__(self, now: datetime) -> None:
        self.done.append(now)
        if len(self.done) <= self.failures:
            raise RuntimeError("not today")


@pytest.fixture
def clock() -> TestClock:
    return TestClock()


def test_a_job_runs_at_once_and_then_whenever_it_is_due(clock: TestClock) -> None:
    work = Work()
    scheduler = Scheduler([Job("a", HOUR, work)], clock)

    for minutes in (0, 59, 60, 61, 120, 600):
        scheduler.run_due(START + timedelta(minutes=minutes))

    assert [(at - START) // timedelta(minutes=1) for at in work.done] == [0, 60, 120, 600]


def test_jobs_run_in_their_order_each_at_its_own_pace(clock: TestClock) -> None:
    order: list[str] = []
    due = [
        Job("slow", 2 * HOUR, lambda _now: order.append("slow")),
        Job("quick", HOUR, lambda _now: order.append("quick")),
    ]
    scheduler = Scheduler(due, clock)

    for hours in range(3):
        scheduler.run_due(START + hours * HOUR)

    assert order == ["slow", "quick", "quick", "slow", "quick"]


def test_a_job_that_fails_holds_up_no_other_and_is_tried_again_soon(clock: TestClock) -> None:
    failing, fine = Work(failures=1), Work()
    scheduler = Scheduler([Job("failing", 24 * HOUR, failing), Job("fine", 24 * HOUR, fine)], clock)

    with capture_logs() as logged:
        for minutes in (0, 1, TRY_AGAIN // MINUTE, 60):
            scheduler.run_due(START + minutes * MINUTE)

    assert failing.done == [START, START + TRY_AGAIN]
    assert fine.done == [START]
    assert [(entry["event"], entry["job"]) for entry in logged] == [("a job failed", "failing")]


def test_a_job_that_fails_and_is_due_often_keeps_its_pace(clock: TestClock) -> None:
    failing = Work(failures=2)
    scheduler = Scheduler([Job("failing", MINUTE, failing)], clock)

    for minutes in range(3):
        scheduler.run_due(START + minutes * MINUTE)

    assert len(failing.done) == 3


def test_it_runs_until_it_is_stopped(clock: TestClock) -> None:
    ran = threading.Event()
    scheduler = Scheduler([Job("a", HOUR, lambda _now: ran.set())], clock)
    thread = threading.Thread(target=scheduler.run)

    thread.start()
    has_run = ran.wait(30)
    scheduler.stop()
    thread.join(30)

    assert has_run
    assert not thread.is_alive()


def test_days_that_are_over_are_ended_once(world: World) -> None:
    world.earn(world.add_member(), 10)
    world.clock.pass_(days=1)

    with capture_logs() as logged:
        end_days(world.hub)
        end_days(world.hub)

    ended = [entry["day"] for entry in logged if entry["event"] == "a day was ended"]
    assert ended == [START.astimezone(ZoneInfo("Asia/Shanghai")).date().isoformat()]
    assert [entry for entry in logged if entry["log_level"] == "error"] == []


def test_wrong_books_are_an_error_that_names_the_account(world: World) -> None:
    member = world.add_member()
    world.earn(member, 10)
    with world.hub.database.write() as session:
        session.execute(update(Account).where(Account.id == points_account(member)).values(balance=11))
    world.clock.pass_(days=1)

    with capture_logs() as logged:
        end_days(world.hub)

    errors = [entry["fault"] for entry in logged if entry["log_level"] == "error"]
    assert errors
    assert any(str(points_account(member)) in fault for fault in errors)


def test_a_hub_without_a_chain_ends_no_days(database: Database) -> None:
    hub = compose(database, SECRETS, clock=TestClock())

    with capture_logs() as logged:
        end_days(hub)

    assert logged == []


def test_what_is_held_is_freed_when_its_time_has_run_out_and_not_before(world: World) -> None:
    member = world.add_member()
    world.earn(member, 100)
    world.book(world.posted(HoldPlaced(member, "points", 60, minutes=5), kind="hold.placed"))

    balances = []
    for minutes in (4, 1):
        world.clock.pass_(minutes=minutes)
        free_overdue(world.hub, world.clock.now)
        balances.append(world.balance(member))

    assert balances == [40, 100]


def open_visits(world: World, count: int) -> list[UUID]:
    kiosk, card = world.add_kiosk(), world.add_card(world.add_member())
    world.book(world.told(kiosk, LeaseAccepted(1, UUID(int=1), 0)))
    outcomes = [world.book(world.asked(kiosk, PresentCard(world.tap(card))))[0] for _ in range(count)]
    return [UUID(outcome.result["visit"]) for outcome in outcomes]


def test_visits_are_forgotten_days_after_they_ended_and_not_before(world: World) -> None:
    old, recent = open_visits(world, 2)
    now = world.clock.now + timedelta(days=30)
    kept_until = now - timedelta(days=RetentionPolicy().visits_days)
    for visit, ended_at in ((old, kept_until - timedelta(seconds=1)), (recent, kept_until)):
        with world.hub.database.write() as session:
            session.execute(update(Visit).where(Visit.id == visit).values(ends_at=ended_at))

    keep_to_retention(world.hub, now)

    with world.hub.database.read() as session:
        assert session.execute(select(Visit.id)).scalars().all() == [recent]


def test_every_job_of_the_hub_can_be_run_on_a_hub_in_use(world: World) -> None:
    world.earn(world.add_member(), 10)
    due = [*jobs(world.hub), *long_jobs(world.hub)]

    with capture_logs() as logged:
        Scheduler(due, world.clock).run_due(world.clock.now)

    assert [entry for entry in logged if entry["log_level"] == "error"] == []
    names = [job.name for job in due]
    assert len(names) == len(set(names))
