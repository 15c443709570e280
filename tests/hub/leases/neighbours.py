"""Two kiosks of one store that pass points to each other, as far as the hub hears of it."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy import select

from hub.intake import Item, Outcome
from hub.leases import queries
from hub.leases.models import Lease
from hub.ledger.models import Account, Lot
from hub.points.service import lease_account
from hub.reconciliation.models import Rejection
from hub.rewards.models import Voucher
from protocol import passes
from protocol.duties import LendPoints
from protocol.events import LeaseClosed, LeasePassed, LeaseSpent, LeaseTaken
from protocol.passes import PassNote
from provisioning import keys
from tests.hub.leases.scene import LATTE, Ahead, accepted
from tests.hub.world import TestKiosk, World


class Neighbours(Ahead):
    """A member whose points lie at one kiosk of a store, and another kiosk beside it."""

    def __init__(self, world: World, *, points: int = 1_000, lent: int = 500) -> None:
        super().__init__(world, points=points)
        self.beside = world.add_kiosk()
        world.book(world.told(self.beside, LeaseClosed(10**6, 0)))
        self.connect(self.beside, "online")
        self.grant: LendPoints = self.lend(lent)

    def note(self, points: int = 100, **other: Any) -> PassNote:
        """What the giver says to the other kiosk."""
        said: dict[str, Any] = {
            "id": self.world.new_id(),
            "kiosk": self.here.id,
            "epoch": self.here.epoch,
            "lease": self.grant.lease,
            "lent": self.grant.points,
            "seal": self.grant.seal,
            "to": self.beside.id,
            "to_epoch": self.beside.epoch,
            "member": self.member,
            "points": points,
            "deadline": self.grant.deadline,
        }
        return PassNote(**said | other)

    def tell_beside(self, *bodies: Struct) -> list[Outcome]:
        return self.tell(*bodies, kiosk=self.beside)

    def lease(self, kiosk: TestKiosk, number: int) -> Lease:
        return next(lease for lease in self.leases() if (lease.kiosk, lease.number) == (kiosk.id, number))

    def giver(self) -> Lease:
        return self.lease(self.here, self.grant.lease)

    def taker(self, note: PassNote) -> Lease:
        return self.lease(self.beside, passes.lease_of(note.id))

    def held(self, lease: Lease) -> int:
        """What lies on a lease's own account."""
        with self.world.hub.database.read() as session:
            account = session.get(Account, lease_account(lease.spend))
            return account.balance if account else 0

    def lots(self, lease: Lease) -> list[Lot]:
        """What remains on a lease's own account, the first to expire first."""
        query = select(Lot).where(Lot.account == lease_account(lease.spend), Lot.remaining > 0)
        with self.world.hub.database.read() as session:
            return list(session.execute(query.order_by(Lot.expires_at, Lot.id)).scalars())

    def lent(self) -> int:
        """How many points the member is shown to have at kiosks."""
        with self.world.hub.database.read() as session:
            return queries.lent(session, {self.member}).get(self.member, 0)

    def figures(self) -> tuple[int, int]:
        """What the member has at home, and at kiosks; the books are compared too."""
        self.world.assert_books_are_right()
        return self.world.balance(self.member), self.lent()

    def vouchers(self) -> list[int]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(Voucher.points).order_by(Voucher.id)).scalars())

    def desk(self) -> set[tuple[str, str]]:
        """What is on the reconciliation desk."""
        with self.world.hub.database.read() as session:
            return {(row.kind, row.code) for row in session.execute(select(Rejection.kind, Rejection.code))}

    def journal(self, kiosk: TestKiosk, *bodies: Struct) -> list[Item]:
        """What a kiosk has journaled and the hub has not heard yet."""
        return [self.world.told(kiosk, body) for body in bodies]


def fence(note: PassNote) -> LeasePassed:
    """What the giver journals of its note."""
    return LeasePassed(note.lease, note.id, note.to, note.to_epoch, note.points)


def taken(note: PassNote, signer: TestKiosk, *, lease: int | None = None) -> LeaseTaken:
    """What the taker journals of a note that somebody has signed."""
    payload = passes.payload_of(note)
    text = passes.write(payload, keys.sign(signer.key, payload))
    return LeaseTaken(passes.lease_of(note.id) if lease is None else lease, text)


def spent(note: PassNote, spend: UUID, points: int | None = None) -> list[Struct]:
    """What the taker journals with it: a reward for the whole, and the fence."""
    number = passes.lease_of(note.id)
    price = note.points if points is None else points
    return [LeaseSpent(number, spend, note.member, LATTE, price), LeaseClosed(number, price)]


def altered(event: LeaseTaken, **other: Any) -> LeaseTaken:
    """The same note saying something else, under the signature of what it said before."""
    read = passes.read(event.note)
    assert read is not None
    said = msgspec.structs.replace(read.body, **other)
    return LeaseTaken(event.lease, passes.write(passes.payload_of(said), read.signature))


__all__ = ["Neighbours", "accepted", "altered", "fence", "spent", "taken"]
