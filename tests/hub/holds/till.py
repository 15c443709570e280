"""A till that holds value of one member, for the tests of holds."""

from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select

from hub.holds.models import Hold
from hub.holds.service import Book, HoldCaptured, HoldExpired, HoldPlaced, HoldReleased
from hub.intake import Item, Outcome
from hub.points.service import points_account
from tests.hub.wallet.purse import Purse

KINDS: dict[type[Struct], str] = {
    HoldPlaced: "hold.placed",
    HoldCaptured: "hold.captured",
    HoldReleased: "hold.released",
    HoldExpired: "hold.expired",
}


class Till(Purse):
    """A till in a world, and one identified member with points and stored value."""

    def hold_item(self, body: Struct, **overrides: Any) -> Item:
        return self.world.posted(body, kind=KINDS[type(body)], **overrides)

    def do(self, body: Struct, **overrides: Any) -> Outcome:
        return self.world.book(self.hold_item(body, **overrides))[0]

    def place(self, amount: int, book: Book = "points", minutes: int = 10, **overrides: Any) -> Outcome:
        return self.do(HoldPlaced(self.member, book, amount, minutes), **overrides)

    def placed(self, amount: int, book: Book = "points", minutes: int = 10) -> UUID:
        """Place a hold, and say under which id."""
        outcome = self.place(amount, book, minutes)
        assert outcome.is_applied, outcome
        return UUID(outcome.result["hold"])

    def capture(self, hold: UUID, amount: int, receipt: str = "", **overrides: Any) -> Outcome:
        return self.do(HoldCaptured(hold, amount, self.number(receipt)), **overrides)

    def release(self, hold: UUID, **overrides: Any) -> Outcome:
        return self.do(HoldReleased(hold), **overrides)

    def row(self, hold: UUID) -> Hold:
        with self.world.hub.database.read() as session:
            return session.execute(select(Hold).where(Hold.id == hold)).scalar_one()

    def lots_of_points(self) -> list[int]:
        """What remains of the member's points, lot by lot, the oldest first."""
        return self.lots(points_account(self.member))
