"""Deciding on leases that a kiosk asks for while a member stands in front of it: exactly the price of one reward."""

from dataclasses import dataclass

from hub.cards.service import VisitState
from hub.fleet.rules import StreamState
from hub.fleet.service import Fleet, KioskState
from hub.intake import Entry, Outcome, Work, applied, lacking, rejected
from hub.leases import service
from hub.leases.rules import LeaseState, deadline_of
from hub.leases.seals import Lent, Sealer
from hub.leases.service import Leases
from hub.ledger.rules import Books, Context
from hub.points.service import points_account
from hub.rewards.service import CATALOGUE, Rewards, RewardState, stock_counter
from hub.tiers.service import Standings
from protocol.duties import GrantLease
from protocol.errors import ErrorCode
from protocol.requests import AskLease


@dataclass(frozen=True, slots=True)
class Wish:
    """A lease that is asked for, with what was found of it."""

    entry: Entry
    body: AskLease
    visit: VisitState
    reward: RewardState
    kiosk: KioskState
    stream: StreamState


def grant(entry: Entry, body: AskLease, work: Work, sealer: Sealer) -> Outcome:
    """Lend the price of a reward, or say why not."""
    known = work.part(Leases).by_spend.get(body.spend)
    if known is not None:
        # Asked again, because the first answer was lost: the duty is still there and is sent again.
        return applied(lease=known.number)
    wish = _wish(entry, body, work)
    if isinstance(wish, ErrorCode):
        return rejected(wish)
    return _terms_refused(wish, work) or _lend(wish, work, sealer)


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
        return lacking(visit.member, ErrorCode.POINTS_SHORT, short=short)
    if not books.take(stock_counter(reward.id), 1):
        return lacking(reward.id, ErrorCode.REWARD_GONE)
    if books.counters.get(stock_counter(reward.id)) == 0:
        work.part(Fleet).announce(CATALOGUE)
    return None


def _lend(wish: Wish, work: Work, sealer: Sealer) -> Outcome:
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
        recalled_at=None,
        is_new=True,
    )
    service.set_aside(lease, Context(wish.entry.item.id, wish.entry.caller.actor, moment.effective_at), books)
    work.part(Leases).add(lease)
    work.part(Fleet).give(lease.kiosk, _duty(lease, wish.reward, sealer))
    return applied(lease=lease.number)


def _duty(lease: LeaseState, reward: RewardState, sealer: Sealer) -> GrantLease:
    return GrantLease(
        epoch=lease.epoch,
        lease=lease.number,
        member=lease.member,
        points=lease.points,
        reward=reward.id,
        spend=lease.spend,
        deadline=lease.deadline,
        seal=sealer.seal(Lent(lease.kiosk, lease.epoch, lease.number, "points", lease.member, lease.points)),
    )
