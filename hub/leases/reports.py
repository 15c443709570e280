"""Booking what kiosks' journals say of leases, and what a person decides where a journal says nothing any more.

What a kiosk reports has happened: a reward was promised on a screen. It is refused only where it contradicts what was
lent, or what the kiosk itself has said before.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from msgspec import UNSET

from hub.audit.service import Act
from hub.fleet.service import Fleet
from hub.intake import Entry, Outcome, Work, applied, rejected
from hub.leases import service
from hub.leases.orders import LeaseWrittenOff
from hub.leases.rules import LeaseState, StockState
from hub.leases.seals import Lent, Sealer
from hub.leases.service import Leases
from hub.ledger.rules import VALUE_SCALE, Books, Context, Grant, Posting
from hub.points.rules import CashPolicy, ExpiryPolicy, grant_of
from hub.points.service import REDEEMED, lease_account, points_account
from hub.programme.service import Programme
from hub.rewards.service import CATALOGUE, NewVoucher, Rewards, stock_counter
from hub.stores.service import Places
from hub.tiers.service import Standings
from protocol.duties import RecallLease
from protocol.errors import ErrorCode
from protocol.events import LeaseAccepted, LeaseClosed, LeasePassed, LeaseSpent, LeaseTaken, StockAccepted
from protocol.ids import derived_id

OVERDRAWN = "stock.overdrawn"
"""A kiosk promised a piece of a limited reward that nobody had."""

Reported = LeaseAccepted | StockAccepted | LeaseSpent | LeaseClosed | LeasePassed | LeaseTaken
"""Everything that journals tell of leases."""


def numbers_of(body: Reported) -> Iterator[int]:
    """Numbers of the leases that something is told of."""
    yield body.lease
    if isinstance(body, LeaseSpent) and body.stock is not UNSET:
        yield body.stock


@dataclass(frozen=True, slots=True)
class Told:
    """Something that a kiosk tells of a lease, in the epoch whose journal it stands in."""

    entry: Entry
    kiosk: str
    epoch: UUID
    work: Work

    @property
    def leases(self) -> Leases:
        """The leases of this booking."""
        return self.work.part(Leases)

    @property
    def context(self) -> Context:
        """What all its transfers share."""
        return Context(self.entry.item.id, self.entry.caller.actor, self.entry.moment.effective_at)

    def lease(self, number: int) -> LeaseState | None:
        """The lease of points that has a number in this epoch."""
        lease = self.leases.by_number.get((self.kiosk, number))
        return None if lease is None or lease.epoch != self.epoch else lease

    def stock(self, number: int) -> StockState | None:
        """The lease of stock that has a number in this epoch."""
        stock = self.leases.stocks.get((self.kiosk, number))
        return None if stock is None or stock.epoch != self.epoch else stock

    def is_known(self, number: int) -> bool:
        """Tell whether any lease of this kiosk has a number."""
        return self.leases.named(self.kiosk, number) is not None


def accept(told: Told, body: LeaseAccepted, sealer: Sealer) -> ErrorCode | None:
    """The kiosk has journaled a grant of points; one that this hub has forgotten is taken up again by its seal."""
    lent = Lent(told.kiosk, told.epoch, body.lease, "points", body.member, body.points)
    is_sealed = body.seal is not UNSET and sealer.is_mine(body.seal, lent)
    lease = told.lease(body.lease)
    if lease is None:
        is_new = is_sealed and not told.is_known(body.lease)
        taken_up = take_up(told, lent, told.entry.moment.received_at) if is_new else ErrorCode.LEASE_UNKNOWN
        return taken_up if isinstance(taken_up, ErrorCode) else taken_up.accept()
    # Journals from before there were seals repeat none.
    is_ours = lease.is_for(body.member, body.points) and (is_sealed or body.seal is UNSET)
    return lease.accept() if is_ours else ErrorCode.LEASE_DIFFERENT


def accept_stock(told: Told, body: StockAccepted, sealer: Sealer) -> ErrorCode | None:
    """The kiosk has journaled a grant of pieces; a forgotten one is taken up again likewise."""
    is_sealed = sealer.is_mine(body.seal, Lent(told.kiosk, told.epoch, body.lease, "pieces", body.reward, body.pieces))
    stock = told.stock(body.lease)
    if stock is None:
        is_new = is_sealed and not told.is_known(body.lease)
        return _take_stock_up(told, body) if is_new else ErrorCode.LEASE_UNKNOWN
    is_ours = stock.is_for(body.reward, body.pieces) and is_sealed
    return stock.accept() if is_ours else ErrorCode.LEASE_DIFFERENT


def take_up(told: Told, lent: Lent, deadline: datetime) -> LeaseState | ErrorCode:
    """Know a lease of points again that this hub has forgotten; its seal was looked at."""
    if lent.of not in told.work.part(Standings).members:
        return ErrorCode.MEMBER_UNKNOWN
    lease = LeaseState(
        kiosk=lent.kiosk,
        number=lent.number,
        epoch=lent.epoch,
        member=lent.of,
        # What it was asked for was forgotten too; what is spent from it says it again.
        reward=None,
        spend=derived_id(lent.epoch, f"lease.{lent.kiosk}.{lent.number}"),
        points=lent.amount,
        spent=0,
        state="granted",
        deadline=deadline,
        recalled_at=None,
        is_new=True,
    )
    service.take_up(lease, told.context, _grant(told), told.work.part(Books))
    told.leases.add(lease)
    told.work.part(Fleet).kiosks[lent.kiosk].raise_numbers(duty=0, lease=lent.number)
    return lease


def _take_stock_up(told: Told, body: StockAccepted) -> ErrorCode | None:
    if body.reward not in told.work.part(Rewards).known:
        return ErrorCode.REWARD_UNKNOWN
    books, counter = told.work.part(Books), stock_counter(body.reward)
    there = min(body.pieces, books.counters.get(counter, body.pieces))
    if there:
        books.take(counter, there)
    told.leases.stocks[told.kiosk, body.lease] = StockState(
        kiosk=told.kiosk,
        number=body.lease,
        epoch=told.epoch,
        reward=body.reward,
        pieces=body.pieces,
        missing=body.pieces - there,
        spent=0,
        state="accepted",
        deadline=told.entry.moment.received_at,
        recalled_at=None,
        is_new=True,
    )
    told.work.part(Fleet).kiosks[told.kiosk].raise_numbers(duty=0, lease=body.lease)
    return None


def _grant(told: Told) -> Grant:
    """The terms of points that are lent but not there: as if they had been given now."""
    terms, at = told.work.part(Programme).terms, told.entry.moment.effective_at
    value = terms.policy("cash", CashPolicy).value_of(VALUE_SCALE)
    policy = replace(terms.policy("expiry", ExpiryPolicy), pending_days=0)
    return grant_of("lease", policy, at.astimezone(told.work.part(Places).zone), value)


def spend(told: Told, body: LeaseSpent) -> ErrorCode | None:
    """A reward was taken from a lease, and a piece from where the kiosk says."""
    lease, work = told.lease(body.lease), told.work
    if lease is None:
        return ErrorCode.LEASE_UNKNOWN
    refusal = lease.spend_refusal(body.spend, body.member, body.reward, body.points)
    if refusal is None and body.reward not in work.part(Rewards).known:
        refusal = ErrorCode.REWARD_UNKNOWN
    if refusal is None and body.spend in told.leases.redeemed:
        refusal = ErrorCode.LEASE_DIFFERENT
    refusal = refusal or _take_piece(told, body, lease)
    if refusal is not None:
        return refusal
    books, account = work.part(Books), lease_account(lease.spend)
    posting = Posting("lease.spent", account, REDEEMED, body.points, _cause(lease, body), is_set_aside=True)
    short = books.post(told.context, [posting])
    assert short is None, "a lease's account holds what was not spent"
    lease.take(body.points)
    books.touch(points_account(lease.member))
    told.leases.redeemed.add(body.spend)
    work.part(Rewards).vouchers.append(_voucher(told, body))
    return None


def _cause(lease: LeaseState, body: LeaseSpent) -> dict[str, object]:
    """A lease ahead does not say on what it is spent; its spends do."""
    spent_on = {"reward": str(body.reward), "spend": str(body.spend)}
    return service.cause(lease) | (spent_on if lease.reward is None else {})


def _voucher(told: Told, body: LeaseSpent) -> NewVoucher:
    return NewVoucher(
        spend=body.spend,
        member=body.member,
        reward=body.reward,
        points=body.points,
        kiosk=told.kiosk,
        store=told.entry.caller.store,
        redeemed_at=told.entry.moment.effective_at,
    )


def _take_piece(told: Told, body: LeaseSpent, lease: LeaseState) -> ErrorCode | None:
    """Take the piece of a limited reward from the lease of stock that it came from, else from what the hub has.

    The piece of a reward that was asked for was set aside with its points.
    """
    if body.stock is not UNSET:
        stock = told.stock(body.stock)
        if lease.reward is not None or stock is None:
            return ErrorCode.LEASE_UNKNOWN if stock is None else ErrorCode.LEASE_DIFFERENT
        refusal = stock.piece_refusal(body.reward)
        if refusal is None:
            stock.take(1)
        return refusal
    if lease.reward is None:
        _take_piece_here(told, body)
    return None


def _take_piece_here(told: Told, body: LeaseSpent) -> None:
    """It may have become limited meanwhile. Where none is left the promise stands all the same, and is written down."""
    books, counter = told.work.part(Books), stock_counter(body.reward)
    if not books.take(counter, 1):
        after = {"spend": str(body.spend), "lease": body.lease}
        told.leases.acts.append(Act(told.context.actor, OVERDRAWN, str(body.reward), {}, after, told.kiosk))
    elif books.counters.get(counter) == 0:
        told.work.part(Fleet).announce(CATALOGUE)


def close(told: Told, body: LeaseClosed) -> ErrorCode | None:
    """The fence: what was not spent goes back to where it came from."""
    lease, stock = told.lease(body.lease), told.stock(body.lease)
    if lease is not None:
        refusal = lease.close(body.spent)
        if refusal is None:
            _give_back(told.entry, lease, told.context, told.work)
        return refusal
    if stock is None:
        return ErrorCode.LEASE_UNKNOWN
    refusal = stock.close(body.spent)
    if refusal is None:
        _give_pieces_back(stock.reward, stock.returnable, told.work)
    return refusal


def write_off(entry: Entry, body: LeaseWrittenOff, work: Work) -> Outcome:
    """A person has decided: what was lent goes back, or counts as spent."""
    lease = work.part(Leases).named(body.kiosk, body.lease)
    if lease is None:
        return rejected(ErrorCode.LEASE_UNKNOWN)
    before, rest, is_to_be_told = lease.state, lease.rest, lease.recall(entry.moment.received_at)
    refusal = lease.write_off()
    if refusal is not None:
        return rejected(refusal)
    kiosk = work.part(Fleet).kiosks.get(lease.kiosk)
    if is_to_be_told and kiosk is not None and kiosk.is_active:
        # It may come back all the same, and must not spend any more what has been decided on.
        work.part(Fleet).give(kiosk.id, RecallLease(lease.epoch, lease.number))
    if isinstance(lease, LeaseState):
        what = _write_points_off(entry, body, lease, work)
    else:
        what = {"member": None, "points": 0, "balance": None, "reward": str(lease.reward), "pieces": rest}
        if body.outcome == "give_back":
            _give_pieces_back(lease.reward, lease.returnable, work)
    unit = "points" if isinstance(lease, LeaseState) else "pieces"
    after = {"state": lease.state, "outcome": body.outcome, unit: rest, "reason": body.reason}
    act = Act(entry.caller.actor, entry.item.kind, f"{lease.kiosk}/{lease.number}", {"state": before}, after)
    work.part(Leases).acts.append(act)
    return applied(kiosk=lease.kiosk, number=lease.number, outcome=body.outcome, **what)


def _write_points_off(entry: Entry, body: LeaseWrittenOff, lease: LeaseState, work: Work) -> dict[str, object]:
    books, points = work.part(Books), lease.rest
    context = Context(entry.item.id, entry.caller.actor, entry.moment.effective_at, body.reason)
    if body.outcome == "give_back":
        _give_back(entry, lease, context, work)
    elif points:
        service.write_off(lease, entry.item.kind, context, books)
    balance, reward = books.held(points_account(lease.member)), None if lease.reward is None else str(lease.reward)
    return {"member": str(lease.member), "points": points, "balance": balance, "reward": reward, "pieces": 0}


def _give_back(entry: Entry, lease: LeaseState, context: Context, work: Work) -> None:
    if lease.rest == 0:
        return
    service.give_back(lease, entry.item.kind, context, work.part(Books), points=lease.rest)
    if lease.reward is not None and lease.spent == 0:
        _give_pieces_back(lease.reward, 1, work)


def _give_pieces_back(reward: UUID, pieces: int, work: Work) -> None:
    books, counter = work.part(Books), stock_counter(reward)
    if pieces and books.counters.get(counter) == 0:
        work.part(Fleet).announce(CATALOGUE)
    if pieces:
        books.give(counter, pieces)
