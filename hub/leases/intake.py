"""Booking of leases: grants that kiosks ask for, and what their journals report of them.

The only way to redeem at a kiosk. Points move to the lease's own account when it is granted, so no other kiosk and no
till can spend them; what the kiosk reports afterwards is bookkeeping and cannot overdraw anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.cards.service import VisitState, visits
from hub.db.bulk import insert_rows, update_rows
from hub.fleet.rules import StreamState
from hub.fleet.service import Fleet, KioskState
from hub.intake import Entry, Outcome, Work, applied, rejected
from hub.leases import queries
from hub.leases.models import Lease
from hub.leases.rules import LeaseState, deadline_of
from hub.ledger.rules import AccountState, Books, Context, Posting
from hub.points.service import LEASED, POINTS, REDEEMED, lease_account, points_account
from hub.rewards import service as rewards_service
from hub.rewards.service import CATALOGUE, NewVoucher, Rewards, RewardState, stock_counter
from hub.tiers.service import Standings
from protocol.duties import GrantLease
from protocol.errors import ErrorCode
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.requests import AskLease


@dataclass(slots=True)
class Leases:
    """Part of a booking's working set: the leases it names, and the visits that ask for new ones."""

    by_number: dict[tuple[str, int], LeaseState] = field(default_factory=dict)
    by_spend: dict[UUID, LeaseState] = field(default_factory=dict)
    visits: dict[UUID, VisitState] = field(default_factory=dict)

    def add(self, lease: LeaseState) -> None:
        """Know a lease by both of its names."""
        self.by_number[lease.kiosk, lease.number] = lease
        self.by_spend[lease.spend] = lease


class LeaseIntake:
    """Handles `lease.ask`, `lease.accepted`, `lease.spent` and `lease.closed`."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Find the leases and visits that are named, and want the accounts behind them."""
        leases, books = work.part(Leases), work.part(Books)
        asked = [body for entry in entries if isinstance(body := entry.item.body, AskLease)]
        reported = {(entry.caller.kiosk or "", lease_number(entry)) for entry in entries if lease_number(entry)}
        for row in queries.leases(session, reported, {body.spend for body in asked}):
            leases.add(LeaseState(*row))
        leases.visits = visits(session, {body.visit for body in asked})
        members = {visit.member for visit in leases.visits.values()}
        for lease in leases.by_spend.values():
            members.add(lease.member)
            books.want(lease_account(lease.spend), lots=True)
        for member in members:
            work.part(Standings).wanted.add(member)
            books.want(points_account(member), lots=True)
        named = {body.reward for body in asked} | {lease.reward for lease in leases.by_spend.values()}
        rewards_service.load(session, named, work.part(Rewards), books)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Grant, or book what the kiosk reports."""
        body = entry.item.body
        if isinstance(body, AskLease):
            return _grant(entry, body, work)
        lease = work.part(Leases).by_number.get((entry.caller.kiosk or "", lease_number(entry)))
        place = getattr(entry.item.source, "place", None)
        if lease is None or place is None or place.epoch != lease.epoch:
            return rejected(ErrorCode.LEASE_UNKNOWN)
        match body:
            case LeaseAccepted():
                is_ours = lease.is_for(body.member, body.points)
                refusal = lease.accept() if is_ours else ErrorCode.LEASE_DIFFERENT
            case LeaseSpent():
                refusal = _spend(entry, body, lease, work)
            case LeaseClosed():
                refusal = _close(entry, body, lease, work)
            case _:
                raise AssertionError(f"no lease is reported by {type(body).__name__}")
        return applied() if refusal is None else rejected(refusal)

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """Store new and changed leases, and the vouchers of what was spent."""
        leases = work.part(Leases).by_number.values()
        new = [lease for lease in leases if lease.is_new]
        insert_rows(
            session,
            Lease,
            (
                *("kiosk", "number", "epoch", "member", "reward", "spend", "points"),
                *("spent", "state", "deadline", "granted_at"),
            ),
            [
                (x.kiosk, x.number, x.epoch, x.member, x.reward, x.spend, x.points, x.spent, x.state, x.deadline, now)
                for x in new
            ],
        )
        changed = [lease for lease in leases if lease.is_changed and not lease.is_new]
        rows = [(x.kiosk, x.number, x.spent, x.state, now if x.state == "closed" else None) for x in changed]
        update_rows(session, Lease, ("kiosk", "number"), ("spent", "state", "closed_at"), rows=rows)
        rewards_service.write(session, work.part(Rewards))


def lease_number(entry: Entry) -> int:
    """Number of the lease that an event reports on; 0 for a request."""
    return getattr(entry.item.body, "lease", 0)


@dataclass(frozen=True, slots=True)
class Wish:
    """A lease that is asked for, with what was found of it."""

    entry: Entry
    body: AskLease
    visit: VisitState
    reward: RewardState
    kiosk: KioskState
    stream: StreamState


def _grant(entry: Entry, body: AskLease, work: Work) -> Outcome:
    known = work.part(Leases).by_spend.get(body.spend)
    if known is not None:
        # Asked again, because the first answer was lost: the duty is still there and is sent again.
        return applied(lease=known.number)
    wish = _wish(entry, body, work)
    if isinstance(wish, ErrorCode):
        return rejected(wish)
    return _terms_refused(wish, work) or _lend(wish, work)


def _wish(entry: Entry, body: AskLease, work: Work) -> Wish | ErrorCode:
    kiosk = work.part(Fleet).kiosks[entry.caller.kiosk or ""]
    visit = work.part(Leases).visits.get(body.visit)
    refusal = ErrorCode.VISIT_EXPIRED if visit is None else visit.refusal(kiosk.id, entry.moment.received_at)
    if visit is None or refusal is not None:
        return refusal or ErrorCode.VISIT_EXPIRED
    stream, reward = kiosk.current_stream(), work.part(Rewards).known.get(body.reward)
    if stream is None:
        return ErrorCode.EPOCH_UNKNOWN
    return ErrorCode.REWARD_UNKNOWN if reward is None else Wish(entry, body, visit, reward, kiosk, stream)


def _terms_refused(wish: Wish, work: Work) -> Outcome | None:
    visit, reward, books = wish.visit, wish.reward, work.part(Books)
    member = work.part(Standings).members[visit.member]
    refusal = reward.refusal(member.tier) if member.is_active else ErrorCode.MEMBER_BLOCKED
    if refusal is not None:
        return rejected(refusal)
    if reward.points != wish.body.points:
        return rejected(ErrorCode.REWARD_PRICE_CHANGED, points=reward.points)
    short = reward.points - books.spendable(points_account(visit.member), wish.entry.moment.effective_at)
    if short > 0:
        return rejected(ErrorCode.POINTS_SHORT, short=short)
    if not books.take(stock_counter(reward.id), 1):
        return rejected(ErrorCode.REWARD_GONE)
    if books.counters.get(stock_counter(reward.id)) == 0:
        work.part(Fleet).announce(CATALOGUE)
    return None


def _lend(wish: Wish, work: Work) -> Outcome:
    books, moment, home = work.part(Books), wish.entry.moment, points_account(wish.visit.member)
    lease = LeaseState(
        kiosk=wish.kiosk.id,
        number=wish.kiosk.next_lease(),
        epoch=wish.stream.epoch,
        member=wish.visit.member,
        reward=wish.reward.id,
        spend=wish.body.spend,
        points=wish.reward.points,
        spent=0,
        state="granted",
        deadline=deadline_of(moment.received_at, books.first_expiry(home, moment.effective_at)),
        is_new=True,
    )
    account = lease_account(lease.spend)
    books.open(AccountState(account, lease.member, LEASED, POINTS, has_lots=True, balance=0, version=0, lots=[]))
    posting = Posting("lease.granted", home, account, lease.points, _cause(lease))
    short = books.post(_context(wish.entry), [posting])
    assert short is None, "checked with the terms"
    work.part(Leases).add(lease)
    work.part(Fleet).give(lease.kiosk, _duty(lease))
    return applied(lease=lease.number)


def _duty(lease: LeaseState) -> GrantLease:
    return GrantLease(
        epoch=lease.epoch,
        lease=lease.number,
        member=lease.member,
        points=lease.points,
        reward=lease.reward,
        spend=lease.spend,
        deadline=lease.deadline,
    )


def _spend(entry: Entry, body: LeaseSpent, lease: LeaseState, work: Work) -> ErrorCode | None:
    refusal = lease.spend_refusal(body.spend, body.member, body.reward, body.points)
    if refusal is not None:
        return refusal
    books, account = work.part(Books), lease_account(lease.spend)
    posting = Posting("lease.spent", account, REDEEMED, body.points, _cause(lease), is_set_aside=True)
    short = books.post(_context(entry), [posting])
    assert short is None, "a lease's account holds what was not spent"
    lease.spent += body.points
    lease.is_changed = True
    books.touch(points_account(lease.member))
    work.part(Rewards).vouchers.append(
        NewVoucher(
            spend=body.spend,
            member=lease.member,
            reward=body.reward,
            points=body.points,
            kiosk=lease.kiosk,
            store=entry.caller.store,
            redeemed_at=entry.moment.effective_at,
        )
    )
    return None


def _close(entry: Entry, body: LeaseClosed, lease: LeaseState, work: Work) -> ErrorCode | None:
    refusal = lease.close(body.spent)
    if refusal is not None or lease.rest == 0:
        return refusal
    books = work.part(Books)
    account, home = lease_account(lease.spend), points_account(lease.member)
    posting = Posting("lease.closed", account, home, lease.rest, _cause(lease), is_set_aside=True, gives_back=True)
    short = books.post(_context(entry), [posting])
    assert short is None, "a lease's account holds what was not spent"
    if lease.spent == 0:
        if books.counters.get(stock_counter(lease.reward)) == 0:
            work.part(Fleet).announce(CATALOGUE)
        books.give(stock_counter(lease.reward), 1)
    return None


def _cause(lease: LeaseState) -> dict[str, object]:
    return {"kiosk": lease.kiosk, "lease": lease.number, "reward": str(lease.reward)}


def _context(entry: Entry) -> Context:
    return Context(entry.item.id, entry.caller.actor, entry.moment.effective_at)
