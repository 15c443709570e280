"""A day at a small chain that leaves at least one row in every table: what `record.py` keeps for each revision."""

from datetime import date
from uuid import UUID

from hub.members import service as members
from hub.messaging.ingest import Arrival
from hub.tiers import service as tiers
from hub.wallet.intake import TopUpRecorded
from protocol import codec, topics
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.ids import derived_id
from protocol.requests import AskLease, PresentCard
from protocol.state import KioskStatus
from protocol.topics import Channel
from tests.hub.world import STORE, TestKiosk, World

NAME, PHONE, BIRTHDAY = "林晓雨", "+8614000000001", date(1990, 5, 1)
LATTE, TOTE = derived_id(UUID(int=7), "latte"), derived_id(UUID(int=7), "tote")
POINTS_LEFT = 4_000 - 600 - 2_400
"""What the member of the day has after earning, taking a latte and having a bag set aside."""


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
    return member


def join(world: World) -> UUID:
    """A member with every personal field."""
    profile = members.Profile(NAME, PHONE, BIRTHDAY, STORE, "zh", "till")
    with world.hub.database.write() as session:
        member = members.join(session, world.hub.vault, profile, now=world.clock.now, random=world.random.randbytes)
        tiers.welcome(session, member.id, world.clock.now)
        return member.id


def greet(world: World, kiosk: TestKiosk) -> None:
    """Have a kiosk connect, which makes its journal known."""
    status = KioskStatus(state="online", connection=1, epoch=kiosk.epoch)
    birth = Arrival(topics.of_kiosk(kiosk.id, Channel.STATUS), codec.encode(status))
    world.hub.ingest().take([birth], world.clock.now)


def ask(world: World, kiosk: TestKiosk, question: AskLease) -> int:
    """Ask for a lease; returns its number."""
    outcome = world.book(world.asked(kiosk, question))[0]
    assert outcome.is_applied, outcome
    number: int = outcome.result["lease"]
    return number
