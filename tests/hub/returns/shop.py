"""A shop for the tests of returns: sales with every figure given, and what a member does with the points."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.intake import Outcome
from hub.ledger import service as ledger
from hub.ledger.models import Account, Lot, Transfer
from hub.ledger.rules import Books, Context, Grant, Posting
from hub.points import service as points
from hub.points.service import debt_account, points_account, qualifying_account
from hub.programme.service import Change, publish
from hub.purchases.models import Purchase, PurchaseLine
from hub.returns.intake import LineReturned, PurchaseReturned
from protocol.ids import part_id
from tests.hub.world import STORE, World

KIND = "purchase.returned"


@dataclass(frozen=True)
class SoldLine:
    """A line as it was sold."""

    quantity: int = 1
    amount: int = 10_000
    points: int = 100
    qualifying: int = 100
    points_paid: int = 0
    value_paid: int = 0


class Shop:
    """One member of a world, who buys, spends and brings back."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.member = world.add_member()
        self.account = points_account(self.member)

    def policy(self, **document: object) -> None:
        """Put a policy of returns in force."""
        with self.world.hub.database.write() as session:
            publish(session, Change("returns", document, "test"), self.world.clock.now)

    def sell(
        self,
        *lines: SoldLine,
        receipt: str = "",
        active_from: datetime | None = None,
        expires_at: datetime | None = None,
    ) -> UUID:
        """Sell these lines. Points that are paid for them are taken first, then points are earned."""
        purchase, now = self.world.new_id(), self.world.clock.now
        grant = Grant("purchase", active_from or now, expires_at)

        def work(session: Session) -> None:
            session.add(self._purchase(purchase, lines, receipt or f"R{purchase}"))
            session.flush()
            for number, line in enumerate(lines, 1):
                figures = {**vars(line), "purchase": purchase, "line": number}
                session.add(PurchaseLine(product="p", category="c", name="", **figures))

        postings = [
            Posting("points.paid", self.account, points.PAID_WITH_POINTS, sum(line.points_paid for line in lines), {}),
            Posting("points.earned", points.ISSUED, self.account, sum(line.points for line in lines), {}, grant),
            Posting(
                "qualifying.earned",
                points.QUALIFYING_ISSUED,
                qualifying_account(self.member),
                sum(line.qualifying for line in lines),
                {},
            ),
        ]
        self._move(purchase, [posting for posting in postings if posting.amount], work)
        return purchase

    def _purchase(self, purchase: UUID, lines: tuple[SoldLine, ...], receipt: str) -> Purchase:
        return Purchase(
            id=purchase,
            store=STORE,
            receipt=receipt,
            member=self.member,
            currency="CNY",
            amount=sum(line.amount for line in lines),
            points=sum(line.points for line in lines),
            points_paid=sum(line.points_paid for line in lines),
            value_paid=sum(line.value_paid for line in lines),
            content=bytes(32),
            purchased_at=self.world.clock.now,
            actor="test",
        )

    def grant(self, amount: int, expires_at: datetime | None = None) -> UUID:
        """Give points; the lot they lie in."""
        grant = Grant("gift", self.world.clock.now, expires_at)
        fact = self.world.new_id()
        self._move(fact, [Posting("points.gift", points.ISSUED, self.account, amount, {}, grant)])
        return part_id(part_id(fact, "points.gift"), "lot")

    def spend(self, amount: int) -> None:
        """Spend points on something else."""
        if amount:
            posting = Posting("points.spent", self.account, points.REDEEMED, amount, {})
            self._move(self.world.new_id(), [posting])

    def expire(self) -> None:
        """Expire what is due, as the day end does."""

        def work(session: Session) -> None:
            books = self._books(session)
            context = Context(self.world.new_id(), "job:day-end", self.world.clock.now)
            points.expire_at_once(books, context, self.account, [lot.id for lot in books.lots_of(self.account)])
            ledger.write(session, books, self.world.clock.now)

        self.world.hub.database.run(work)

    def unexpire(self) -> None:
        """Take back the last expiry, as the day end does when it hears late of something that prevented it."""
        expiry = self.moved("points.expired")[-1]
        posting = Posting(
            "expiry.reversed", points.EXPIRED, self.account, expiry.amount, {}, reverses=expiry.id, restores=True
        )
        self._move(self.world.new_id(), [posting])

    def _move(self, fact: UUID, postings: list[Posting], work: Callable[[Session], None] | None = None) -> None:
        with self.world.hub.database.write() as session:
            if work is not None:
                work(session)
                session.flush()
            books = self._books(session, postings)
            context = Context(fact, "test", self.world.clock.now)
            for posting in postings:
                assert books.post(context, [posting]) is None
            ledger.write(session, books, self.world.clock.now)

    def _books(self, session: Session, postings: Iterable[Posting] = ()) -> Books:
        books = Books()
        for posting in postings:
            if posting.reverses is not None:
                books.want_original(posting.reverses)
        books.want(self.account, lots=True)
        books.want(qualifying_account(self.member))
        ledger.load(session, books)
        return books

    def bring_back(self, purchase: UUID, /, *lines: tuple[int, int, int], **overrides: Any) -> Outcome:
        """Bring back lines: number, quantity and amount of each."""
        fields: dict[str, Any] = {
            "receipt": f"B{self.world.new_id()}",
            "lines": [LineReturned(*line) for line in lines],
            "purchase": purchase,
            **overrides,
        }
        return self.world.book(self.world.posted(PurchaseReturned(**fields), kind=KIND))[0]

    def took(self, purchase: UUID, *lines: tuple[int, int, int]) -> dict[str, Any]:
        """The same, where it is taken; what the till is told."""
        outcome = self.bring_back(purchase, *lines)
        assert outcome.is_applied, outcome
        return outcome.result

    @property
    def balance(self) -> int:
        """What the member's account of points holds."""
        return self.world.balance(self.member)

    @property
    def debt(self) -> int:
        """What the member owes."""
        return self._held(debt_account(self.member))

    @property
    def qualifying(self) -> int:
        """The member's qualifying points."""
        return self._held(qualifying_account(self.member))

    def _held(self, account: UUID) -> int:
        with self.world.hub.database.read() as session:
            found = session.get(Account, account)
            return 0 if found is None else found.balance

    def lots(self) -> dict[UUID, int]:
        """What remains in each lot."""
        with self.world.hub.database.read() as session:
            query = select(Lot.id, Lot.remaining).where(Lot.account == self.account, Lot.remaining > 0)
            return {row.id: row.remaining for row in session.execute(query)}

    def moved(self, kind: str) -> list[Transfer]:
        """The member's transfers of a kind, in the order of their ids."""
        with self.world.hub.database.read() as session:
            accounts = (self.account, qualifying_account(self.member), debt_account(self.member))
            query = select(Transfer).where(Transfer.kind == kind).order_by(Transfer.recorded_at, Transfer.id)
            found = session.execute(query).scalars().all()
            return [one for one in found if one.debit in accounts or one.credit in accounts]
