"""Booking of leases: grants that kiosks ask for, and what their journals report of them.

The only way to redeem at a kiosk. Points move to the lease's own account when it is granted, so no other kiosk and no
till can spend them; what the kiosk reports afterwards is bookkeeping and cannot overdraw anything.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from hub.audit.service import Act, audit
from hub.cards.service import VisitState, visits
from hub.db.bulk import insert_rows, update_rows
from hub.fleet.rules import StreamState
from hub.fleet.service import Fleet, KioskState
from hub.intake import Entry, Outcome, Work, applied, rejected
from hub.leases import queries, service
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
from protocol.values import Sequence as Place
from protocol.values import Text, Token


class LeaseWrittenOff(Struct, frozen=True):
    """A person has decided what became of a lease that its kiosk will not report on."""

    kiosk: Token
    lease: Place
    outcome: Literal["give_back", "spent"]
    reason: Text


@dataclass(slots=True)
class Leases:
    """Part of a booking's working set: the leases it names, and the visits that ask for new ones."""

    by_number: dict[tuple[str, int], LeaseState] = field(default_factory=dict)
    by_spend: dict[UUID, LeaseState] = field(default_factory=dict)
    visits: dict[UUID, VisitState] = field(default_factory=dict)
    acts: list[Act] = field(default_factory=list)

    def add(self, lease: LeaseState) -> None:
        """Know a lease by both of its names."""
        self.by_number[lease.kiosk, lease.number] = lease
        self.by_spend[lease.spend] = lease


class LeaseIntake:
    """Handles `lease.ask`, `lease.accepted`, `lease.spent` and `lease.closed`, and `lease.written_off` by a person."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Find the leases and visits that are named, and want the accounts behind them."""
        leases, books = work.part(Leases), work.part(Books)
        asked = [body for entry in entries if isinstance(body := entry.item.body, AskLease)]
        reported = {lease_of(entry) for entry in entries if not isinstance(entry.item.body, AskLease)}
        for row in queries.leases(session, reported, {body.spend for body in asked}):
            leases.add(LeaseState(*row))
        leases.visits = visits(session, {body.visit for body in asked})
        for visit in leases.visits.values():
            work.part(Standings).wanted.add(visit.member)
            books.want(points_account(visit.member), lots=True)
        for lease in leases.by_spend.values():
            service.want(lease, books)
        named = {body.reward for body in asked} | {lease.reward for lease in leases.by_spend.values()}
        rewards_service.load(session, named, work.part(Rewards), books)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Grant, or book what the kiosk reports."""
        body = entry.item.body
        if isinstance(body, AskLease):
            return _grant(entry, body, work)
        lease = work.part(Leases).by_number.get(lease_of(entry))
        if isinstance(body, LeaseWrittenOff):
            return rejected(ErrorCode.LEASE_UNKNOWN) if lease is None else _write_off(entry, body, lease, work)
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
        rows = [(x.kiosk, x.number, x.spent, x.state, now if x.is_ended else None) for x in changed]
        update_rows(session, Lease, ("kiosk", "number"), ("spent", "state", "closed_at"), rows=rows)
        rewards_service.write(session, work.part(Rewards))
        for act in work.part(Leases).acts:
            audit(session, act, now, work.random_bytes)


def lease_of(entry: Entry) -> tuple[str, int]:
    """Kiosk and number of the lease that a report is about."""
    body = entry.item.body
    assert isinstance(body, LeaseAccepted | LeaseSpent | LeaseClosed | LeaseWrittenOff), "no other body names a lease"
    kiosk = body.kiosk if isinstance(body, LeaseWrittenOff) else entry.caller.kiosk
    return kiosk or "", body.lease


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
    books.open(AccountState(account, lease.member, LEASED, POINTS, has_lots=True, balance=0, version=0))
    posting = Posting("lease.granted", home, account, lease.points, service.cause(lease))
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
    posting = Posting("lease.spent", account, REDEEMED, body.points, service.cause(lease), is_set_aside=True)
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
    if refusal is None:
        _give_back(entry, lease, _context(entry), work)
    return refusal


def _write_off(entry: Entry, body: LeaseWrittenOff, lease: LeaseState, work: Work) -> Outcome:
    before, points = lease.state, lease.rest
    refusal = lease.write_off()
    if refusal is not None:
        return rejected(refusal)
    books, context = work.part(Books), _context(entry, body.reason)
    if body.outcome == "give_back":
        _give_back(entry, lease, context, work)
    elif points:
        service.write_off(lease, entry.item.kind, context, books)
    after = {"state": lease.state, "outcome": body.outcome, "points": points, "reason": body.reason}
    act = Act(entry.caller.actor, entry.item.kind, f"{lease.kiosk}/{lease.number}", {"state": before}, after)
    work.part(Leases).acts.append(act)
    return applied(
        kiosk=lease.kiosk,
        number=lease.number,
        member=str(lease.member),
        outcome=body.outcome,
        points=points,
        balance=books.held(points_account(lease.member)),
    )


def _give_back(entry: Entry, lease: LeaseState, context: Context, work: Work) -> None:
    if lease.rest == 0:
        return
    books, stock = work.part(Books), stock_counter(lease.reward)
    service.give_back(lease, entry.item.kind, context, books)
    if lease.spent == 0:
        if books.counters.get(stock) == 0:
            work.part(Fleet).announce(CATALOGUE)
        books.give(stock, 1)


def _context(entry: Entry, reason: str = "") -> Context:
    return Context(entry.item.id, entry.caller.actor, entry.moment.effective_at, reason)
