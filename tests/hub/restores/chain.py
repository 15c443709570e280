"""Kiosks that keep what they journaled, so that they can tell a restored hub again."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select

from hub.fleet.models import Duty, HubState
from hub.intake import Item
from hub.jobs import wait_for_kiosks
from hub.ledger.models import Account
from hub.messaging.ingest import Arrival
from hub.rewards.models import Voucher
from protocol import codec, topics
from protocol.duties import GrantLease
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.requests import AskLease, PresentCard
from protocol.state import KioskStatus
from protocol.topics import Channel
from tests.hub.api import LATTE
from tests.hub.world import TestKiosk, World

PRICE = 600


@dataclass(slots=True)
class Keeper:
    """A kiosk and its journal."""

    world: World
    kiosk: TestKiosk
    journal: list[Item] = field(default_factory=list)

    def tell(self, body: Struct) -> None:
        """Journal something, and have the hub book it."""
        item = self.world.told(self.kiosk, body)
        self.journal.append(item)
        [outcome] = self.world.book(item)
        assert outcome.is_applied, outcome

    def sell(self, member: UUID, amount: int) -> None:
        """Record a purchase."""
        self.tell(self.world.purchase(member, amount))

    def redeem(self, member: UUID) -> None:
        """Have a member take a reward: ask, accept, spend, close."""
        tap = PresentCard(self.world.tap(self.world.add_card(member)))
        visit = UUID(self.world.book(self.world.asked(self.kiosk, tap))[0].result["visit"])
        spend = self.world.new_id()
        [asked] = self.world.book(self.world.asked(self.kiosk, AskLease(spend, visit, LATTE, PRICE)))
        assert asked.is_applied, asked
        grant = self.granted(asked.result["lease"])
        self.tell(LeaseAccepted(grant.lease, member, PRICE, grant.seal))
        self.tell(LeaseSpent(grant.lease, spend, member, LATTE, PRICE))
        self.tell(LeaseClosed(grant.lease, PRICE))

    def granted(self, lease: int) -> GrantLease:
        """The duty by which a lease was granted."""
        with self.world.hub.database.read() as session:
            query = select(Duty.body).where(Duty.kiosk == self.kiosk.id, Duty.kind == "lease.grant")
            grants = [codec.decode(body.encode(), GrantLease) for body in session.execute(query).scalars()]
        return next(grant for grant in grants if grant.lease == lease)

    def replay(self) -> None:
        """Tell a restored hub the whole journal, as a birth and receipts make a kiosk do, and say that it is done."""
        self.world.book(*self.journal)
        self.come(hub_epoch=self.world_epoch())

    def come(self, **stated: Any) -> None:
        """Say where the journal ends."""
        head: dict[str, Any] = {"epoch": self.kiosk.epoch, "head_seq": self.kiosk.seq, "head": self.kiosk.head.hex()}
        status = KioskStatus(state="online", connection=1, **head, **stated)
        birth = Arrival(topics.of_kiosk(self.kiosk.id, Channel.STATUS), codec.encode(status))
        self.world.hub.ingest().take([birth], self.world.clock.now)

    def world_epoch(self) -> UUID:
        """What the hub's database is called."""
        with self.world.hub.database.read() as session:
            return session.get_one(HubState, 1).epoch


def books(world: World) -> tuple[dict[UUID, int], set[UUID]]:
    """What everybody has, by account, and which vouchers there are."""
    with world.hub.database.read() as session:
        balances = {row.id: row.balance for row in session.execute(select(Account.id, Account.balance)) if row.balance}
        return balances, set(session.execute(select(Voucher.id)).scalars())


def settle(world: World) -> None:
    """Let go of the kiosks that have replayed."""
    wait_for_kiosks(world.hub, world.clock.now)
