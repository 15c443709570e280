"""How the value of a hold moves: from the member's accounts into the hold's own, back into its very lots, and on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.holds.rules import HoldState
from hub.holds.service import CAPTURED, PLACED
from hub.ledger.rules import AccountState, Books, Context, Posting
from hub.points.service import HELD, POINTS, REDEEMED, expire_at_once, points_account
from hub.wallet.rules import Order, Split, split_of
from hub.wallet.service import (
    BONUS,
    BONUS_FORFEITED,
    PAID,
    PAID_BY_BONUS,
    POLICY,
    PRINCIPAL,
    SPENT,
    bonus_account,
    principal_account,
)
from protocol.ids import derived_id


@dataclass(frozen=True, slots=True)
class Pocket:
    """One account of the member, by its book, and the hold's own for what comes from there.

    `spent` is the kind of transfer by which what was held is spent, and `into` the programme's account it goes to.
    """

    book: str
    home: UUID
    held: UUID
    spent: str
    into: UUID

    def origins(self, books: Books) -> tuple[UUID, ...]:
        """The member's lots that what is held was taken from, in the order in which they are used."""
        held = [lot for lot in books.lots_of(self.held) if lot.remaining > 0]
        own = [books.lots[lot.origin] for lot in held if lot.origin is not None]
        return tuple(lot.id for lot in sorted(own, key=lambda lot: lot.order))


def pockets_of(hold: UUID, member: UUID, book: str) -> tuple[Pocket, ...]:
    """The pockets of a hold: one of points, or two of money, principal and bonus."""
    if book == POINTS:
        return (Pocket(POINTS, points_account(member), derived_id(hold, POINTS), CAPTURED, REDEEMED),)
    # Money is spent under the names of a payment, so that it is refunded like one.
    return (
        Pocket(PRINCIPAL, principal_account(member), derived_id(hold, PRINCIPAL), PAID, SPENT),
        Pocket(BONUS, bonus_account(member), derived_id(hold, BONUS), PAID_BY_BONUS, SPENT),
    )


def set_aside(books: Books, context: Context, hold: HoldState, order: Order) -> int:
    """Move what is to be held out of the member's accounts, money in its order of use; or nothing and what is short."""
    pockets = pockets_of(hold.id, hold.member, hold.book)
    available = {pocket.book: books.spendable(pocket.home, context.effective_at) for pocket in pockets}
    short = hold.amount - sum(available.values())
    if short > 0:
        return short
    shares, postings = _split(hold.amount, available, order), []
    for pocket in pockets:
        if share := shares[pocket.book]:
            unit = books.accounts[pocket.home].unit
            books.open(AccountState(pocket.held, hold.member, HELD, unit, has_lots=True, balance=0, version=0))
            postings.append(Posting(PLACED, pocket.home, pocket.held, share, cause_of(hold), part=pocket.book))
    _post(books, context, postings)
    return 0


@dataclass(frozen=True, slots=True)
class Returned:
    """What was given back to one account, and the lots it went into, in the order in which they are used."""

    pocket: Pocket
    amount: int
    lots: tuple[UUID, ...]


def give_back(books: Books, context: Context, hold: HoldState, kind: str) -> list[Returned]:
    """Move all that is held back into the very lots it was taken from, as transfers of a kind."""
    pockets = [pocket for pocket in pockets_of(hold.id, hold.member, hold.book) if books.held(pocket.held)]
    back = [Returned(pocket, books.held(pocket.held), pocket.origins(books)) for pocket in pockets]
    _post(books, context, [_back(kind, returned, cause_of(hold)) for returned in back])
    return back


def _back(kind: str, returned: Returned, cause: dict[str, Any]) -> Posting:
    pocket = returned.pocket
    return Posting(
        kind,
        pocket.held,
        pocket.home,
        returned.amount,
        cause,
        is_set_aside=True,
        gives_back=True,
        part=pocket.book,
    )


def spend(
    books: Books, context: Context, back: Sequence[Returned], *, amount: int, order: Order, cause: dict[str, Any]
) -> dict[str, int]:
    """Spend some of what was just given back, from these lots whatever their dates; how much of each book that was.

    So it is missing in the member's own lots, as after any other payment, and there a refund can put it back.
    """
    given = {returned.pocket.book: returned.amount for returned in back}
    shares = _split(amount, given, order)
    postings = [
        Posting(pocket.spent, pocket.home, pocket.into, shares[pocket.book], cause, lots=returned.lots)
        for returned in back
        if shares[(pocket := returned.pocket).book]
    ]
    _post(books, context, postings)
    return shares


def expire(books: Books, context: Context, back: Sequence[Returned]) -> None:
    """Expire what was given back into lots whose time ran out meanwhile. Principal never does."""
    for returned in back:
        home = returned.pocket.home
        if returned.pocket.book == POINTS:
            expire_at_once(books, context, home, returned.lots)
            continue
        over = tuple(lot for lot in returned.lots if books.lots[lot].is_expired(context.effective_at))
        amount = sum(books.lots[lot].remaining for lot in over)
        if amount:
            cause = {"rule": POLICY}
            _post(books, context, [Posting("bonus.expired", home, BONUS_FORFEITED, amount, cause, lots=over)])


def cause_of(hold: HoldState) -> dict[str, Any]:
    """What caused the transfers of a hold."""
    return {"hold": str(hold.id), "store": hold.store}


def _split(amount: int, available: Mapping[str, int], order: Order) -> dict[str, int]:
    """How much of an amount comes from each book; money in its order of use."""
    if POINTS in available:
        return {POINTS: amount}
    shares = split_of(amount, Split(available.get(PRINCIPAL, 0), available.get(BONUS, 0)), order)
    return {PRINCIPAL: shares.principal, BONUS: shares.bonus}


def _post(books: Books, context: Context, postings: Sequence[Posting]) -> None:
    short = books.post(context, postings)
    assert short is None, "what the accounts hold was looked at before"
