"""Deciding what the hub lends ahead, calls back and renews. What cannot be done now is left, and looked at again."""

from dataclasses import dataclass
from datetime import timedelta

from devices.cards.keys import FleetKeys
from hub.audit.service import Act
from hub.fleet.rules import StreamState
from hub.fleet.service import Fleet, KioskState
from hub.intake import ByJob, Entry, Outcome, Work, applied, rejected, waiting
from hub.leases import service, windows
from hub.leases.lending_rules import LendingPolicy
from hub.leases.orders import CardsRenewed, LeaseRecalled, PointsLent, StockLent
from hub.leases.rules import LeaseState, StockState, deadline_of
from hub.leases.seals import Lent, Sealer
from hub.leases.service import Leases
from hub.ledger.rules import Books, Context
from hub.points.service import points_account
from hub.programme.service import Programme
from hub.rewards.service import CATALOGUE, Rewards, stock_counter
from hub.tiers.service import Standings
from protocol.duties import CardVerifiers, LendPoints, LendStock, RecallLease, RenewCards
from protocol.errors import ErrorCode
from protocol.ids import derived_id


@dataclass(frozen=True, slots=True)
class Lender:
    """Lends, with what it takes to seal a grant and to make the verifiers of cards."""

    sealer: Sealer
    keys: FleetKeys

    def lend_points(self, entry: Entry, body: PointsLent, work: Work) -> Outcome:
        """Set points aside for a kiosk, as many as the member can still spend and was meant to."""
        books, home, at = work.part(Books), points_account(body.member), entry.moment.effective_at
        place, refusal = _place(body.kiosk, work), work.part(Standings).refusal(body.member)
        if isinstance(place, ErrorCode) or refusal is not None:
            return waiting(place if isinstance(place, ErrorCode) else refusal or ErrorCode.MEMBER_UNKNOWN)
        lasts = timedelta(days=work.part(Programme).terms.policy("lending", LendingPolicy).days)
        if body.points > books.spendable(home, at):
            return waiting(ErrorCode.POINTS_SHORT)
        cards = windows.verifiers(self.keys, body.kiosk, body.member, work)
        if not cards:
            # Nobody could be recognised there, so nothing of it could be spent.
            return waiting(ErrorCode.CARD_UNSUPPORTED)
        kiosk, stream = place
        lease = LeaseState(
            kiosk=kiosk.id,
            number=kiosk.next_lease(),
            epoch=stream.epoch,
            member=body.member,
            reward=None,
            spend=derived_id(entry.item.id, "lease"),
            points=body.points,
            spent=0,
            state="granted",
            deadline=deadline_of(entry.moment.received_at, books.first_expiry(home, at), lasts),
            recalled_at=None,
            is_new=True,
        )
        service.set_aside(lease, Context(entry.item.id, entry.caller.actor, at), books)
        work.part(Leases).add(lease)
        work.part(Fleet).learn(kiosk.id, body.member)
        work.part(Fleet).give(kiosk.id, self.points_duty(lease, cards))
        return applied(lease=lease.number)

    def lend_stock(self, entry: Entry, body: StockLent, work: Work) -> Outcome:
        """Set pieces of a reward aside for a kiosk."""
        books, place, counter = work.part(Books), _place(body.kiosk, work), stock_counter(body.reward)
        if isinstance(place, ErrorCode):
            return waiting(place)
        reward = work.part(Rewards).known.get(body.reward)
        if reward is None or not reward.offered or not reward.limited:
            return waiting(ErrorCode.REWARD_UNKNOWN)
        if not books.take(counter, body.pieces):
            return waiting(ErrorCode.REWARD_GONE)
        if books.counters.get(counter) == 0:
            work.part(Fleet).announce(CATALOGUE)
        kiosk, stream = place
        days = work.part(Programme).terms.policy("lending", LendingPolicy).days
        lease = StockState(
            kiosk=kiosk.id,
            number=kiosk.next_lease(),
            epoch=stream.epoch,
            reward=body.reward,
            pieces=body.pieces,
            spent=0,
            state="granted",
            deadline=deadline_of(entry.moment.received_at, None, timedelta(days=days)),
            recalled_at=None,
            is_new=True,
        )
        work.part(Leases).stocks[lease.kiosk, lease.number] = lease
        work.part(Fleet).give(kiosk.id, self._stock_duty(lease))
        return applied(lease=lease.number)

    def renew_cards(self, body: CardsRenewed, work: Work) -> Outcome:
        """Give a kiosk the verifiers of the readings that come next."""
        place, cards = _place(body.kiosk, work), windows.verifiers(self.keys, body.kiosk, body.member, work)
        if isinstance(place, ErrorCode):
            return waiting(place)
        if not cards:
            return waiting(ErrorCode.CARD_UNSUPPORTED)
        work.part(Fleet).give(body.kiosk, RenewCards(body.member, cards))
        return applied()

    def points_duty(self, lease: LeaseState, cards: list[CardVerifiers]) -> LendPoints:
        """What a kiosk is told of points that lie there ahead."""
        lent = Lent(lease.kiosk, lease.epoch, lease.number, "points", lease.member, lease.points)
        return LendPoints(
            epoch=lease.epoch,
            lease=lease.number,
            member=lease.member,
            points=lease.points,
            deadline=lease.deadline,
            cards=cards,
            seal=self.sealer.seal(lent),
        )

    def _stock_duty(self, lease: StockState) -> LendStock:
        lent = Lent(lease.kiosk, lease.epoch, lease.number, "pieces", lease.reward, lease.pieces)
        return LendStock(
            epoch=lease.epoch,
            lease=lease.number,
            reward=lease.reward,
            pieces=lease.pieces,
            deadline=lease.deadline,
            seal=self.sealer.seal(lent),
        )


def recall(entry: Entry, body: LeaseRecalled, work: Work) -> Outcome:
    """Have a kiosk close a lease; it is told once, and told again by nobody but the line."""
    lease = work.part(Leases).named(body.kiosk, body.lease)
    if lease is None:
        return rejected(ErrorCode.LEASE_UNKNOWN)
    if lease.is_ended:
        return rejected(lease.ended)
    kiosk = work.part(Fleet).kiosks[body.kiosk]
    stream = kiosk.current_stream()
    if not kiosk.is_active or stream is None or stream.epoch != lease.epoch:
        # Nobody is there who could close it: only a person can end it.
        return rejected(ErrorCode.KIOSK_REVOKED if not kiosk.is_active else ErrorCode.EPOCH_UNKNOWN)
    if lease.recall(entry.moment.received_at):
        work.part(Fleet).give(body.kiosk, RecallLease(lease.epoch, lease.number))
        if not isinstance(entry.item.source, ByJob):
            told = {"rest": lease.rest, "reason": body.reason}
            subject = f"{lease.kiosk}/{lease.number}"
            work.part(Leases).acts.append(Act(entry.caller.actor, entry.item.kind, subject, {}, told))
    return applied(kiosk=lease.kiosk, number=lease.number, rest=lease.rest)


def _place(kiosk: str, work: Work) -> tuple[KioskState, StreamState] | ErrorCode:
    """Where something can be lent to now, or why it cannot."""
    state = work.part(Fleet).kiosks.get(kiosk)
    if state is None or not state.is_active:
        return ErrorCode.KIOSK_UNKNOWN if state is None else ErrorCode.KIOSK_REVOKED
    stream = state.current_stream()
    return ErrorCode.EPOCH_UNKNOWN if stream is None else (state, stream)
