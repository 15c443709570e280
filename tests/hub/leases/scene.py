"""A member with a dynamic card, and kiosks that points and pieces can be lent to ahead."""

from typing import Any, TypeVar
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select

from hub.approvals.models import ApprovalRequest
from hub.approvals.service import Waiting, ask
from hub.fleet.models import Duty, Sighting
from hub.intake import Outcome
from hub.leases.models import Lease, StockLease
from hub.leases.orders import CardsRenewed, LeaseRecalled, LeaseWrittenOff, PointsLent, StockLent, order
from hub.ledger.models import Account, Counter
from hub.points.service import debt_account
from hub.privacy.erasure import ERASED
from hub.programme.service import Change, publish
from hub.rewards.service import stock_counter
from protocol import codec
from protocol.duties import GrantLease, LendPoints, LendStock, RecallLease, RenewCards
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent, StockAccepted
from protocol.ids import derived_id
from protocol.requests import AskLease, PresentCard
from tests.hub.world import TestKiosk, World

LATTE, TOTE = derived_id(UUID(int=7), "latte"), derived_id(UUID(int=7), "tote")
LENDING: dict[str, Any] = {"share_percent": 50, "cap_points": 500, "min_points": 50, "days": 14}

Body = TypeVar("Body", bound=Struct)


class Ahead:
    """A member with points who has a card, and two kiosks in two stores that are connected."""

    def __init__(self, world: World, *, points: int = 1_000, technology: str = "ntag424") -> None:
        self.world = world
        self.here, self.there = world.add_kiosk(), world.add_kiosk("S02")
        self.member = world.add_member()
        self.card = world.add_card(self.member, technology=technology)
        world.earn(self.member, points)
        for kiosk in (self.here, self.there):
            # The first event makes the journal known to the hub, as the kiosk's birth does.
            world.book(world.told(kiosk, LeaseAccepted(10**6, self.member, 0)))
            self.connect(kiosk, "online")

    def connect(self, kiosk: TestKiosk, state: str) -> None:
        with self.world.hub.database.write() as session:
            now = self.world.clock.now
            session.merge(Sighting(kiosk=kiosk.id, state=state, connection=1, at=now, heartbeat={}, birth=None))

    def put(self, **terms: Any) -> None:
        """Put a policy of lending in force."""
        with self.world.hub.database.write() as session:
            publish(session, Change("lending", LENDING | terms, "test"), self.world.clock.now)

    def order(self, body: PointsLent | StockLent | LeaseRecalled | CardsRenewed) -> Outcome:
        return self.world.book(order(body, self.world.new_id(), self.world.clock.now))[0]

    def lend(self, points: int = 500, kiosk: TestKiosk | None = None) -> LendPoints:
        """Lend points ahead; what the kiosk is told."""
        where = kiosk or self.here
        outcome = self.order(PointsLent(where.id, self.member, points))
        assert outcome.is_applied, outcome
        return self.duties(LendPoints, where)[-1]

    def lend_stock(self, pieces: int = 1, reward: UUID = TOTE, kiosk: TestKiosk | None = None) -> LendStock:
        where = kiosk or self.here
        outcome = self.order(StockLent(where.id, reward, pieces))
        assert outcome.is_applied, outcome
        return self.duties(LendStock, where)[-1]

    def recall(self, number: int, kiosk: TestKiosk | None = None) -> Outcome:
        return self.order(LeaseRecalled((kiosk or self.here).id, number))

    def write_off(self, number: int, outcome: Any, kiosk: TestKiosk | None = None) -> Outcome:
        body = LeaseWrittenOff((kiosk or self.here).id, number, outcome, "the kiosk burnt")
        return self.world.book(self.world.posted(body, kind="lease.written_off", store=None))[0]

    def duties(self, kind: type[Body], kiosk: TestKiosk | None = None) -> list[Body]:
        name = next(name for name, body in _DUTIES.items() if body is kind)
        query = select(Duty.body).where(Duty.kiosk == (kiosk or self.here).id, Duty.kind == name)
        with self.world.hub.database.read() as session:
            return [
                codec.decode(body.encode(), kind) for body in session.execute(query.order_by(Duty.number)).scalars()
            ]

    def tell(self, *bodies: Struct, kiosk: TestKiosk | None = None) -> list[Outcome]:
        return self.world.book(*(self.world.told(kiosk or self.here, body) for body in bodies))

    def tap(self, kiosk: TestKiosk | None = None) -> UUID:
        asked = self.world.asked(kiosk or self.here, PresentCard(self.world.tap(self.card)))
        return UUID(self.world.book(asked)[0].result["visit"])

    def ask(self, points: int = 600, reward: UUID = LATTE, kiosk: TestKiosk | None = None) -> Outcome:
        where = kiosk or self.there
        body = AskLease(self.world.new_id(), self.tap(where), reward, points)
        return self.world.book(self.world.asked(where, body))[0]

    def spent(self, grant: LendPoints, points: int = 60, *, reward: UUID = LATTE, **named: Any) -> LeaseSpent:
        return LeaseSpent(grant.lease, self.world.new_id(), grant.member, reward, points, **named)

    def debt(self) -> int:
        with self.world.hub.database.read() as session:
            account = session.get(Account, debt_account(self.member))
            return account.balance if account else 0

    def stock(self, reward: UUID = TOTE) -> int:
        with self.world.hub.database.read() as session:
            return session.get_one(Counter, stock_counter(reward)).remaining

    def leases(self) -> list[Lease]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(Lease).order_by(Lease.kiosk, Lease.number)).scalars())

    def stock_leases(self) -> list[StockLease]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(StockLease).order_by(StockLease.kiosk, StockLease.number)).scalars())


_DUTIES: dict[str, type[Struct]] = {
    "lease.grant": GrantLease,
    "points.lend": LendPoints,
    "stock.lend": LendStock,
    "lease.recall": RecallLease,
    "cards.renew": RenewCards,
}


def accepted(grant: LendPoints) -> LeaseAccepted:
    """What a kiosk journals of points that it was lent."""
    return LeaseAccepted(grant.lease, grant.member, grant.points, grant.seal)


def stock_accepted(grant: LendStock) -> StockAccepted:
    """What a kiosk journals of pieces that it was lent."""
    return StockAccepted(grant.lease, grant.reward, grant.pieces, grant.seal)


def ask_for_erasure(scene: Ahead, state: str) -> UUID:
    """Have the erasure of the member asked for, and be so far; its request."""
    world, request = scene.world, scene.world.new_id()
    wish = Waiting(request, ERASED, str(scene.member), b"{}", b"", "staff:somebody", reason="they asked")
    with world.hub.database.write() as session:
        ask(session, world.hub.vault, wish, world.clock.now)
        session.flush()
        session.get_one(ApprovalRequest, request).state = state
    return request


__all__ = ["LATTE", "TOTE", "Ahead", "LeaseClosed", "accepted", "ask_for_erasure", "stock_accepted"]
