"""Leases as bookings see them, and what happens to points when one begins or ends. It changes the working set alone."""

from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from hub.audit.service import Act
from hub.cards.rules import CardState
from hub.cards.service import VisitState
from hub.leases.rules import LeaseState, StockState
from hub.ledger.rules import AccountState, Books, Context, Grant, LotState, Posting
from hub.points.service import (
    ISSUED,
    LEASED,
    OWED,
    POINTS,
    WRITTEN_OFF,
    debt_account,
    expire_at_once,
    lease_account,
    owe,
    points_account,
    recover,
)


@dataclass(frozen=True, slots=True)
class NewWindow:
    """Which readings of a card a kiosk can recognise by itself from now on."""

    kiosk: str
    card: UUID
    after: int


@dataclass(slots=True)
class Leases:
    """Part of a booking's working set: the leases it names, what new ones need, and what is to be written down.

    `redeemed` are spends that have a voucher already, `cards` those of members to whom something is to be lent,
    `device_keys` those (DER) of kiosks whose notes are to be believed.
    """

    by_number: dict[tuple[str, int], LeaseState] = field(default_factory=dict)
    by_spend: dict[UUID, LeaseState] = field(default_factory=dict)
    stocks: dict[tuple[str, int], StockState] = field(default_factory=dict)
    visits: dict[UUID, VisitState] = field(default_factory=dict)
    cards: dict[UUID, list[CardState]] = field(default_factory=dict)
    redeemed: set[UUID] = field(default_factory=set)
    device_keys: dict[str, bytes] = field(default_factory=dict)
    known_windows: set[tuple[str, UUID]] = field(default_factory=set)
    windows: dict[tuple[str, UUID], NewWindow] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)

    def add(self, lease: LeaseState) -> None:
        """Know a lease by both of its names."""
        self.by_number[lease.kiosk, lease.number] = lease
        self.by_spend[lease.spend] = lease

    def named(self, kiosk: str, number: int) -> LeaseState | StockState | None:
        """The lease of either sort that has a number; no number is given twice."""
        return self.by_number.get((kiosk, number)) or self.stocks.get((kiosk, number))


def want(lease: LeaseState, books: Books) -> None:
    """Ask for what a lease may move: its own account, and what the member has and owes."""
    books.want(lease_account(lease.spend), lots=True)
    want_member(lease.member, books)


def want_member(member: UUID, books: Books) -> None:
    """Ask for what a member has and owes."""
    books.want(points_account(member), lots=True)
    books.want(debt_account(member))


def cause(lease: LeaseState) -> dict[str, Any]:
    """What explains every movement of a lease."""
    named = {"kiosk": lease.kiosk, "lease": lease.number}
    return named if lease.reward is None else named | {"reward": str(lease.reward)}


def set_aside(lease: LeaseState, context: Context, books: Books) -> None:
    """Move what is lent from the member to the lease's own account; that there is so much was asked before."""
    home = points_account(lease.member)
    short = books.post(context, [Posting("lease.granted", home, _opened(lease, books), lease.points, cause(lease))])
    assert short is None, "checked with the terms"


def take_up(lease: LeaseState, context: Context, grant: Grant, books: Books) -> int:
    """Set aside again what was lent before a restore; how much of it the member does not have here, and now owes."""
    home, account = points_account(lease.member), _opened(lease, books)
    there = min(lease.points, books.spendable(home, context.effective_at))
    missing, postings = lease.points - there, []
    if there:
        postings.append(Posting("lease.granted", home, account, there, cause(lease)))
    if missing:
        postings.append(owe(books, lease.member, missing, cause(lease)))
        postings.append(Posting("lease.granted", ISSUED, account, missing, cause(lease), grant, part="owed"))
    short = books.post(context, postings)
    assert short is None, "no more is taken than is there"
    return missing


def _opened(lease: LeaseState, books: Books) -> UUID:
    account = lease_account(lease.spend)
    books.open(AccountState(account, lease.member, LEASED, POINTS, has_lots=True, balance=0, version=0))
    return account


def pass_on(giver: LeaseState, taker: LeaseState, context: Context, books: Books) -> None:
    """Move what a neighbour was passed to an account of its own; it keeps its dates, and where it will go back to."""
    source, account = lease_account(giver.spend), _opened(taker, books)
    why = cause(giver) | {"to": {"kiosk": taker.kiosk, "lease": taker.number}}
    passed = Posting("lease.passed", source, account, taker.points, why, is_set_aside=True, passes_on=True)
    short = books.post(context, [passed])
    assert short is None, "no more is passed on than was not spent"
    books.touch(points_account(taker.member))


def give_back(lease: LeaseState, kind: str, context: Context, books: Books, *, points: int) -> None:
    """Put what was not spent back into the lots that it came from; what expired meanwhile expires at once.

    What the member was made to owe for it goes back to where it came from first, and takes the debt along.
    """
    account, home = lease_account(lease.spend), points_account(lease.member)
    left = sorted((lot for lot in books.lots_of(account) if lot.remaining), key=lambda lot: lot.order)
    own, owed = [lot for lot in left if lot.origin is not None], [lot for lot in left if lot.origin is None]
    unowed = min(points, sum(lot.remaining for lot in owed))
    postings = _unowed(lease, kind, owed, books, total=unowed)
    if points > unowed:
        lots = tuple(lot.id for lot in own)
        postings.append(Posting(kind, account, home, points - unowed, cause(lease), lots=lots, gives_back=True))
    short = books.post(context, postings)
    assert short is None, "a lease's account holds what was not spent"
    expire_at_once(books, context, home, [lot.origin for lot in own if lot.origin is not None])
    recover(books, context, lease.member, cause(lease))
    books.touch(home)


def _unowed(lease: LeaseState, kind: str, lots: list[LotState], books: Books, *, total: int) -> list[Posting]:
    debt, account = debt_account(lease.member), lease_account(lease.spend)
    if not total:
        return []
    back, names, why = min(total, books.held(debt)), tuple(lot.id for lot in lots), cause(lease)
    postings = []
    if back:
        postings.append(Posting("debt.recovered", account, ISSUED, back, why, lots=names, part="lease"))
        postings.append(Posting("debt.settled", debt, OWED, back, why, part="lease"))
    if total > back:
        # The debt was paid from later earnings meanwhile, so the points are the member's now.
        home = points_account(lease.member)
        postings.append(Posting(kind, account, home, total - back, why, lots=names, part="paid"))
    return postings


def write_off(lease: LeaseState, kind: str, context: Context, books: Books) -> None:
    """Count what was lent as spent, though no kiosk ever said on what."""
    posting = Posting(kind, lease_account(lease.spend), WRITTEN_OFF, lease.rest, cause(lease), is_set_aside=True)
    short = books.post(context, [posting])
    assert short is None, "a lease's account holds what was not spent"
    books.touch(points_account(lease.member))
