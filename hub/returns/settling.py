"""What a return does to the books. Pure: it changes the working set and knows no database.

Where points are asked back, B of them are there and M are missing:

- B go back to ISSUED, as if they had never been earned: first from the lot that the purchase earned, pending or not,
  then from what else can be spent, earliest expiry first.
- What is forgiven of M is granted from FORGIVEN and goes back to ISSUED with the rest: ISSUED loses what was earned,
  and FORGIVEN tells what that kindness cost.
- What is owed of M comes from OWED into the member's account of debt. The points themselves were spent and stay spent,
  so ISSUED stays as it is until `hub.points.service.recover` has taken them from later earnings; then the debt goes
  back to OWED.

Every step has two sides, so members and programme always add up to zero. What the programme is liable for is what lies
in accounts of points, leases and holds; a debt is a claim, stands apart and never lowers it.
"""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.ledger.rules import Books, Context, Grant, LotState, Posting
from hub.points.service import (
    EXPIRED,
    FORGIVEN,
    ISSUED,
    PAID_WITH_POINTS,
    QUALIFYING_ISSUED,
    expire_at_once,
    owe,
    points_account,
    qualifying_account,
    recover,
)
from hub.returns.rules import Due, Figures, ReturnPolicy, SaleState, put_back, settle
from protocol.ids import part_id


def expired_of(sale: SaleState, books: Books) -> int | None:
    """How much of the lot that a purchase earned has expired; None where its uses are not those that were read.

    They were read before the account was locked, and another booking may have used the lot in between.
    """
    lot = books.lots.get(sale.lot)
    if lot is None:
        return 0
    used, expired = sale.used, sale.expired
    if lot.is_changed:
        expiries = {one.id for one in books.transfers if EXPIRED in (one.posting.debit, one.posting.credit)}
        uses = [(transfer, amount) for transfer, used_lot, amount in books.uses if used_lot == lot.id]
        used += sum(amount for _transfer, amount in uses)
        expired += sum(amount for transfer, amount in uses if transfer in expiries)
    return expired if lot.granted - lot.remaining == used else None


@dataclass(frozen=True, slots=True)
class Settling:
    """One return, and the books that it is settled in. `cause` explains each of its movements."""

    books: Books
    sale: SaleState
    due: Due
    context: Context
    cause: dict[str, Any]

    def figures(self, policy: ReturnPolicy, expired: int) -> Figures:
        """How many points of every kind go where; nothing moves yet. With `short` the return is refused."""
        asked = self.sale.to_ask(self.due.points, expired)
        found = settle(policy, asked, self._there(), self.sale.forgiven)
        return Figures(
            points_back=found.back,
            points_owed=found.owed,
            points_forgiven=found.forgiven,
            points_given=self.due.points_given,
            value_given=self.due.value_given,
            qualifying_back=min(self.due.qualifying, self.books.held(qualifying_account(self.sale.member))),
            short=found.short,
        )

    def post(self, figures: Figures) -> None:
        """Move them: first what the member gets, then what the member gives."""
        restored = self._restored()
        self._make(self._gifts(figures))
        expire_at_once(self.books, self.context, self._account, restored)
        self._make(self._claims(figures))
        recover(self.books, self.context, self.sale.member, self.cause)
        self.books.touch(self._account)

    @property
    def _account(self) -> UUID:
        return points_account(self.sale.member)

    def _restored(self) -> dict[UUID, int]:
        return put_back(self.books.taken.get(self.sale.payment, {}), self.due.points_given)

    def _there(self) -> int:
        """How many points can be taken back once paid ones have been given back: those into expired lots cannot."""
        at, restored = self.context.effective_at, self._restored()
        lots = [self.books.lots[lot] for lot in restored]
        live = [lot for lot in lots if lot.terms.active_from <= at and not lot.is_expired(at)]
        return sum(lot.remaining for lot in self._sources()) + sum(restored[lot.id] for lot in live)

    def _sources(self) -> list[LotState]:
        """Lots that points are taken back from, in that order."""
        own, at = self.books.lots.get(self.sale.lot), self.context.effective_at
        others = [lot for lot in self.books.lots_of(self._account) if lot is not own and lot.is_spendable(at)]
        return [*([own] if own is not None else []), *sorted(others, key=lambda lot: lot.order)]

    def _gifts(self, figures: Figures) -> list[Posting]:
        gifts, paid, account = [], self.sale.payment, self._account
        if given := figures.points_given:
            kind = "points.given_back"
            gifts.append(Posting(kind, PAID_WITH_POINTS, account, given, self.cause, reverses=paid, restores=True))
        if forgiven := figures.points_forgiven:
            grant = Grant("forgiven", self.context.effective_at, None)
            gifts.append(Posting("points.forgiven", FORGIVEN, account, forgiven, self.cause, grant))
        return gifts

    def _claims(self, figures: Figures) -> list[Posting]:
        claims, sale, cause = [], self.sale, self.cause
        if back := figures.points_back + figures.points_forgiven:
            lots, earned = tuple(lot.id for lot in self._sources()), sale.earning
            claims.append(Posting("points.returned", self._account, ISSUED, back, cause, lots=lots, reverses=earned))
        if owed := figures.points_owed:
            claims.append(owe(self.books, sale.member, owed, cause))
        if back := figures.qualifying_back:
            account, earned = qualifying_account(sale.member), part_id(sale.id, "qualifying.earned")
            claims.append(Posting("qualifying.returned", account, QUALIFYING_ISSUED, back, cause, reverses=earned))
        return claims

    def _make(self, postings: list[Posting]) -> None:
        short = self.books.post(self.context, postings)
        assert short is None, "the figures ask for what is there"
