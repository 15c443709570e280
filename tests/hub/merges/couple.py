"""Two members that are one person, for the tests of merges."""

from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy import select

from hub.intake import Item, Outcome
from hub.ledger import service as ledger
from hub.ledger.models import Account, Lot
from hub.ledger.rules import Books, Context
from hub.merges.models import Merge
from hub.merges.service import MembersMerged, MergeUndone
from hub.points.service import debt_account, owe
from hub.tiers.models import Standing
from tests.hub.wallet.purse import Purse, id_of
from tests.hub.world import World

KINDS: dict[type[Struct], str] = {MembersMerged: "member.merged", MergeUndone: "member.unmerged"}

Held = dict[tuple[str, str], int]


class Couple:
    """One chain, in which Lin has joined twice: `kept` and `merged` are purses of the two."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.kept, self.merged = Purse(world), Purse(world)

    def posted(self, body: Struct, **overrides: Any) -> Item:
        return self.world.posted(body, kind=KINDS[type(body)], store=None, **overrides)

    def merge(self, **choices: Any) -> Outcome:
        body = MembersMerged(self.kept.member, self.merged.member, "the same person", **choices)
        return self.world.book(self.posted(body))[0]

    def merged_as(self, **choices: Any) -> UUID:
        """Merge, and say under which id."""
        return id_of(self.merge(**choices), "merge")

    def undo(self, merge: UUID) -> Outcome:
        return self.world.book(self.posted(MergeUndone(merge, "two people after all")))[0]

    def owes(self, debtor: UUID, points: int) -> None:
        """Have a member owe points."""
        books, context = Books(), Context(self.world.new_id(), "test", self.world.clock.now)
        books.want(debt_account(debtor))
        with self.world.hub.database.write() as session:
            ledger.load(session, books)
            assert books.post(context, [owe(books, debtor, points, {})]) is None
            ledger.write(session, books, self.world.clock.now)

    def holdings(self, member: UUID) -> Held:
        """What a member's accounts hold, those left out that hold nothing."""
        query = select(Account.book, Account.unit, Account.balance).where(Account.owner == member, Account.balance > 0)
        with self.world.hub.database.read() as session:
            return {(row.book, row.unit): row.balance for row in session.execute(query)}

    def lots(self, member: UUID) -> list[tuple[str, int, Any]]:
        """What remains in a member's lots, with the moment until when."""
        query = select(Account.book, Lot.remaining, Lot.expires_at).join(Lot, Lot.account == Account.id)
        query = query.where(Account.owner == member, Lot.remaining > 0)
        with self.world.hub.database.read() as session:
            return sorted(((row.book, row.remaining, row.expires_at) for row in session.execute(query)), key=str)

    def tier(self, member: UUID) -> str:
        with self.world.hub.database.read() as session:
            return session.execute(select(Standing.tier).where(Standing.member == member)).scalar_one()

    def row(self, merge: UUID) -> Merge:
        with self.world.hub.database.read() as session:
            return session.get_one(Merge, merge)
