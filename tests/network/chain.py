"""A hub, a broker and a kiosk that speak TLS with each other through proxies that can spoil it."""

from collections import Counter
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import func, select

from hub.booking.models import Fact
from hub.purchases.models import Purchase
from provisioning.box.waiting import until
from tests.hub.world import World
from tests.journeys.headless import HeadlessKiosk
from tests.network.proxy import FaultProxy

SETTLE_S = 150.0
"""A half-open connection is noticed after two pings, a minute; then comes a jittered pause."""


@dataclass(frozen=True, slots=True)
class Network:
    """Everything between a kiosk's journal and the hub's books."""

    world: World
    kiosk: HeadlessKiosk
    members: list[UUID]
    near_kiosk: FaultProxy
    near_hub: FaultProxy

    def buy(self, count: int) -> None:
        """Journal purchases one after the other and wait until they are durable: the kiosk is never held up for it."""
        head = self.kiosk.store.chain.head.seq
        for number in range(count):
            self.kiosk.sell([(self.members[number % len(self.members)], 1_000 + number)])
        until(lambda: self.kiosk.store.chain.head.seq >= head + count, "purchases on the kiosk's disk", SETTLE_S)

    def wait_until_booked(self) -> None:
        """Wait until the kiosk knows for good that the hub has all it ever journaled."""
        until(lambda: self.kiosk.store.chain.unconfirmed == 0, "the last receipt", SETTLE_S)

    def insist_on_once(self) -> None:
        """Fail unless the hub has every event of the journal, in its place, once, and each purchase once."""
        chain = self.kiosk.store.chain
        journaled = list(chain.read(1, chain.head.seq))
        with self.world.hub.database.read() as session:
            facts = select(Fact.raw).where(Fact.kiosk == self.kiosk.kiosk, Fact.seq.is_not(None)).order_by(Fact.seq)
            booked = list(session.execute(facts).scalars())
            receipts = Counter(session.execute(select(Purchase.receipt)).scalars())
            applied = session.execute(select(func.count()).where(Fact.verdict == "applied", Fact.seq.is_not(None)))
            assert applied.scalar_one() == len(journaled)
        assert booked == journaled
        assert set(receipts.values()) == {1}
        assert len(receipts) == len(journaled)
