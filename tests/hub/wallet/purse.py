"""A member with stored value, for the tests of everything that moves it."""

from itertools import count
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select, update

from hub.intake import Item, Outcome
from hub.ledger import service as ledger
from hub.ledger.models import Account, Lot, Tally, Transfer
from hub.ledger.rules import Books, Context, Posting
from hub.members.models import Member
from hub.packages.intake import PackageRefunded, PackageSold, PackageUsed, PackageUseRefunded
from hub.packages.service import count_account
from hub.payments.intake import PaymentRecorded, PaymentRefunded
from hub.points.service import REDEEMED, points_account
from hub.programme.service import Change, publish
from hub.wallet.intake import TopUpRecorded, TopUpRefunded, WalletClosed
from hub.wallet.models import WalletReceipt
from hub.wallet.service import bonus_account, principal_account
from tests.hub.world import World

KINDS: dict[type[Struct], str] = {
    TopUpRecorded: "top_up.recorded",
    TopUpRefunded: "top_up.refunded",
    WalletClosed: "wallet.closed",
    PaymentRecorded: "payment.recorded",
    PaymentRefunded: "payment.refunded",
    PackageSold: "package.sold",
    PackageUsed: "package.used",
    PackageUseRefunded: "package.use_refunded",
    PackageRefunded: "package.refunded",
}


class Purse:
    """One identified member of a world, and a till. Every act is a receipt of its own unless a number is given."""

    def __init__(self, world: World, *, identified: bool = True) -> None:
        self.world = world
        self.member = world.add_member()
        self._numbers = count(1)
        if identified:
            with world.hub.database.write() as session:
                session.execute(update(Member).values(identified_at=world.clock.now))

    def term(self, name: str, **document: Any) -> None:
        """Put a rule or policy in force."""
        with self.world.hub.database.write() as session:
            publish(session, Change(name, document, "test"), self.world.clock.now)

    def item(self, body: Struct, **overrides: Any) -> Item:
        """Something that the till posts."""
        return self.world.posted(body, kind=KINDS[type(body)], **overrides)

    def post(self, body: Struct, **overrides: Any) -> Outcome:
        """Have the till post something."""
        return self.world.book(self.item(body, **overrides))[0]

    def number(self, receipt: str = "") -> str:
        """A receipt number that was not used yet, unless one is given."""
        return receipt or f"{self.member}-{next(self._numbers)}"

    def top_up(self, amount: int, receipt: str = "", currency: str = "CNY") -> Outcome:
        return self.post(TopUpRecorded(self.number(receipt), self.member, currency, amount))

    def topped_up(self, amount: int) -> UUID:
        """Top up, and say under which id."""
        return id_of(self.top_up(amount), "top_up")

    def pay(self, amount: int, receipt: str = "", currency: str = "CNY") -> Outcome:
        return self.post(PaymentRecorded(self.number(receipt), self.member, currency, amount))

    def paid(self, amount: int) -> UUID:
        """Pay, and say under which id."""
        return id_of(self.pay(amount), "payment")

    def refund(self, payment: UUID, amount: int, receipt: str = "") -> Outcome:
        return self.post(PaymentRefunded(self.number(receipt), "too cold", payment, amount))

    def take_back(self, top_up: UUID, receipt: str = "") -> Outcome:
        return self.post(self.take_back_body(top_up, receipt))

    def take_back_body(self, top_up: UUID, receipt: str = "") -> TopUpRefunded:
        return TopUpRefunded(self.number(receipt), "changed their mind", top_up)

    def close(self, receipt: str = "") -> Outcome:
        return self.post(WalletClosed(self.number(receipt), "moves away", self.member))

    def buy(self, package: str, receipt: str = "", currency: str = "CNY") -> Outcome:
        return self.post(PackageSold(self.number(receipt), package, self.member, currency))

    def bought(self, package: str) -> UUID:
        """Buy a package, and say under which id."""
        return id_of(self.buy(package), "sale")

    def use(self, item: str, count: int = 1, receipt: str = "") -> Outcome:
        return self.post(PackageUsed(self.number(receipt), self.member, item, count))

    def used(self, item: str, count: int = 1) -> UUID:
        """Use some of a package, and say under which id."""
        return id_of(self.use(item, count), "use")

    def give_back(self, use: UUID, count: int, receipt: str = "") -> Outcome:
        return self.post(PackageUseRefunded(self.number(receipt), "the machine failed", use, count))

    def return_package(self, sale: UUID, receipt: str = "") -> Outcome:
        return self.post(PackageRefunded(self.number(receipt), "moves away", sale))

    def holds(self) -> tuple[int, int]:
        """Principal and bonus."""
        return self.balance(principal_account(self.member)), self.balance(bonus_account(self.member))

    def points(self) -> int:
        return self.balance(points_account(self.member))

    def spend_points(self, points: int) -> None:
        """Take points as a redemption does."""
        account, books = points_account(self.member), Books()
        books.want(account, lots=True)
        with self.world.hub.database.write() as session:
            ledger.load(session, books)
            context = Context(self.world.new_id(), "test", self.world.clock.now)
            assert books.post(context, [Posting("points.redeemed", account, REDEEMED, points, {})]) is None
            ledger.write(session, books, self.world.clock.now)

    def counts(self, item: str) -> int:
        return self.balance(count_account(self.member, item))

    def lots(self, account: UUID) -> list[int]:
        """What remains of an account's lots, the oldest first."""
        with self.world.hub.database.read() as session:
            query = select(Lot.remaining).where(Lot.account == account).order_by(Lot.granted_at, Lot.id)
            return list(session.execute(query).scalars())

    def transfers(self, kind: str) -> list[Transfer]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(Transfer).where(Transfer.kind == kind)).scalars())

    def receipts(self, kind: str) -> list[WalletReceipt]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(WalletReceipt).where(WalletReceipt.kind == kind)).scalars())

    def tallies(self) -> list[int]:
        with self.world.hub.database.read() as session:
            return sorted(session.execute(select(Tally.used)).scalars())

    def balance(self, account: UUID) -> int:
        with self.world.hub.database.read() as session:
            return session.execute(select(Account.balance).where(Account.id == account)).scalar_one_or_none() or 0


def id_of(outcome: Outcome, name: str) -> UUID:
    """The id that an applied outcome tells under a name."""
    assert outcome.is_applied, outcome
    return UUID(outcome.result[name])
