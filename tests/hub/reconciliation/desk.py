"""A kiosk whose acts the hub partly rejects, for tests of the desk."""

from uuid import UUID

from hub.intake import Item, Outcome
from hub.leases.orders import LeaseWrittenOff
from hub.reconciliation.intake import PromiseCompensated
from protocol.events import LeaseAccepted, LeaseSpent, PurchaseRecorded
from protocol.requests import AskLease, PresentCard
from tests.hub.api import LATTE
from tests.hub.world import World

KIND = "promise.compensated"
PRICE = 600


class Desk:
    """A member whose redemption was shown at a kiosk, and rejected because its lease had been written off."""

    def __init__(self, world: World) -> None:
        self.world, self.kiosk = world, world.add_kiosk()
        self.member = world.add_member()
        world.earn(self.member, 1_000)
        world.book(world.told(self.kiosk, LeaseAccepted(10**6, self.member, 0)))
        visit = self.visit()
        self.spend = world.new_id()
        [outcome] = world.book(world.asked(self.kiosk, AskLease(self.spend, visit, LATTE, PRICE)))
        assert outcome.is_applied, outcome
        self.lease: int = outcome.result["lease"]

    def visit(self) -> UUID:
        """Have the member stand in front of the kiosk."""
        card = self.world.add_card(self.member)
        tap = PresentCard(self.world.tap(card))
        return UUID(self.world.book(self.world.asked(self.kiosk, tap))[0].result["visit"])

    def lose_redemption(self) -> UUID:
        """Write the lease off, then have the kiosk report the redemption; the rejected event."""
        body = LeaseWrittenOff(self.kiosk.id, self.lease, "give_back", "the kiosk burnt")
        assert self.world.book(self.world.posted(body, kind="lease.written_off", store=None))[0].is_applied
        return self.tell(LeaseSpent(self.lease, self.spend, self.member, LATTE, PRICE))

    def lose_purchase(self, amount: int = 5_000) -> UUID:
        """Have a kiosk record a purchase in another money than the chain's; the rejected event."""
        bought = self.world.purchase(self.member, amount)
        return self.tell(PurchaseRecorded(bought.receipt, self.member, "EUR", bought.purchased_at, bought.lines))

    def tell(self, body: LeaseSpent | PurchaseRecorded) -> UUID:
        item = self.world.told(self.kiosk, body)
        [outcome] = self.world.book(item)
        assert outcome.code is not None, outcome
        return item.id

    def compensating(self, rejection: UUID, reason: str = "our fault") -> Item:
        return self.world.posted(PromiseCompensated(rejection, reason), kind=KIND, store=None)

    def compensate(self, rejection: UUID) -> Outcome:
        return self.world.book(self.compensating(rejection))[0]
