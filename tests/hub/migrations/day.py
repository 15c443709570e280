"""A day at a small chain that leaves at least one row in every table: what `record.py` keeps for each revision."""

from datetime import date, timedelta
from typing import Any
from uuid import UUID

from hub.alerts.service import look
from hub.day_end.run import DayEnds
from hub.finance.service import close
from hub.holds.service import HoldPlaced
from hub.members import service as members
from hub.messaging.ingest import Arrival
from hub.points.intake import PointsAdjusted
from hub.programme.service import Change, publish
from hub.returns.intake import LineReturned, PurchaseReturned
from hub.tiers import service as tiers
from hub.wallet.intake import TopUpRecorded
from protocol import codec, topics
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.ids import derived_id
from protocol.requests import AskLease, PresentCard
from protocol.state import KioskStatus
from protocol.topics import Channel
from tests.hub.migrations.lending import lend_ahead
from tests.hub.migrations.losing import lose_some
from tests.hub.migrations.members import look_after_members
from tests.hub.migrations.outward import tell_outside
from tests.hub.migrations.personal import keep_personal_data
from tests.hub.migrations.reconciling import reconcile
from tests.hub.migrations.staff import let_people_in
from tests.hub.world import STORE, TestKiosk, World

TERMS: dict[str, dict[str, Any]] = {
    "earning.2": {"kind": "bonus", "points": 3, "budget": 1_000},
    "expiry": {"kind": "rolling", "months": 1, "notice_days": 60},
    "returns": {"short": "debt"},
    "alerts": {"same_member_purchases": 1},
}
NAME, PHONE, BIRTHDAY = "林晓雨", "+8614000000001", date(1990, 5, 1)
LATTE, TOTE = derived_id(UUID(int=7), "latte"), derived_id(UUID(int=7), "tote")


def play(world: World) -> UUID:
    """Have somebody join, earn, top up, redeem once and ask a second time; returns the member."""
    kiosk, member = world.add_kiosk(), join(world)
    card = world.add_card(member)
    world.book(world.posted(world.purchase(member, 100_000, 300_000)))
    world.book(world.posted(TopUpRecorded("T1", member, "CNY", 5_000)))
    greet(world, kiosk)
    visit = UUID(world.book(world.asked(kiosk, PresentCard(world.tap(card))))[0].result["visit"])
    spend = world.new_id()
    lease = ask(world, kiosk, AskLease(spend, visit, LATTE, 600))
    world.book(
        world.told(kiosk, LeaseAccepted(lease, member, 600)),
        world.told(kiosk, LeaseSpent(lease, spend, member, LATTE, 600)),
        world.told(kiosk, LeaseClosed(lease, 600)),
    )
    ask(world, kiosk, AskLease(world.new_id(), visit, TOTE, 2_400))
    let_people_in(world)
    keep_personal_data(world, kiosk, member)
    look_after_members(world)
    keep_books(world, kiosk, member)
    lend_ahead(world, kiosk, member)
    tell_outside(world)
    reconcile(world, kiosk, member)
    lose_some(world)
    return member


def keep_books(world: World, kiosk: TestKiosk, member: UUID) -> None:
    """Return something, hold something, have something wait for a second person, and end the days of a month."""
    purchase = world.new_id()
    with world.hub.database.write() as session:
        for name, document in TERMS.items():
            publish(session, Change(name, document, "test"), world.clock.now)
    for item in (
        world.posted(world.purchase(member, 2_000), item_id=purchase),
        world.posted(PurchaseReturned("B1", [LineReturned(1, 1, 500)], purchase), kind="purchase.returned"),
        world.posted(HoldPlaced(member, "points", 5, 10), kind="hold.placed"),
    ):
        assert world.book(item)[0].is_applied
    world.book(world.posted(PointsAdjusted(member, 500, "a spoilt coffee"), kind="points.adjusted"))
    assert look(world.hub.database, world.clock.now)
    late = world.clock.now + timedelta(hours=1)
    world.clock.pass_(days=10)
    DayEnds(world.hub.database, world.hub.book, world.clock).run()
    world.book(world.told(kiosk, world.purchase(member, 500), occurred_at=late))
    closed = close(
        world.hub.database, date(2026, 11, 1), actor="test", now=world.clock.now, random_bytes=world.random.randbytes
    )
    assert closed.refusal is None


def join(world: World) -> UUID:
    """A member with every personal field."""
    profile = members.Profile(NAME, PHONE, BIRTHDAY, STORE, "zh", "till")
    with world.hub.database.write() as session:
        member = members.join(session, world.hub.vault, profile, now=world.clock.now, random=world.random.randbytes)
        tiers.welcome(session, member.id, world.clock.now)
        return member.id


def greet(world: World, kiosk: TestKiosk) -> None:
    """Have a kiosk connect, which makes its journal known."""
    status = KioskStatus(state="online", connection=1, epoch=kiosk.epoch, address="10.0.0.7:7443")
    birth = Arrival(topics.of_kiosk(kiosk.id, Channel.STATUS), codec.encode(status))
    world.hub.ingest().take([birth], world.clock.now)


def ask(world: World, kiosk: TestKiosk, question: AskLease) -> int:
    """Ask for a lease; returns its number."""
    outcome = world.book(world.asked(kiosk, question))[0]
    assert outcome.is_applied, outcome
    number: int = outcome.result["lease"]
    return number
