"""How a child lends points to kiosks: put aside when asked for, gone when spent, back when closed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import UNSET

from hub.leases.orders import LeaseWrittenOff
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.ids import derived_id
from protocol.requests import AskLease, PresentCard
from tests.model.chain import Answer, Call, Chain, Member, does, no, short_of, yes
from tests.model.points import expire_at_once, owe, points_terms, recover

LEASE_S = 600
VISIT_S = 120


@dataclass(slots=True)
class Lease:
    """Points lent for one reward, or ahead, for any."""

    kiosk: str
    number: int
    member: UUID
    reward: UUID | None
    spend: UUID
    points: int
    deadline: datetime
    spent: int = 0
    state: str = "granted"
    recalled_at: datetime | None = None

    @property
    def rest(self) -> int:
        """What is still lent."""
        return self.points - self.spent

    @property
    def account(self) -> UUID:
        """Where the points lie meanwhile."""
        return derived_id(self.spend, "leased")

    @property
    def is_ended(self) -> bool:
        """Tell whether nothing more can happen to it."""
        return self.state in {"closed", "written_off"}

    @property
    def ended(self) -> str:
        """Why nothing more can happen to it."""
        return "lease.written_off" if self.state == "written_off" else "lease.closed"


@dataclass(frozen=True, slots=True)
class Visit:
    """A member before a kiosk."""

    member: UUID
    kiosk: str
    ends_at: datetime


@dataclass(slots=True)
class Reward:
    """What points are spent on; `stock` None is as many as one likes."""

    points: int
    stock: int | None


@does("card.present")
def present(chain: Chain, call: Call) -> Answer:
    """Tap a card; whose it is, the game has noted."""
    body = call.item.body
    assert isinstance(body, PresentCard)
    member = chain.notes["card", body.card.uid]
    if chain.members[member].is_blocked:
        return no("member.blocked")
    if ("tapped", body.card) in chain.notes:
        return no("card.replayed")
    chain.notes["tapped", body.card] = True
    visit = derived_id(call.item.id, "visit")
    chain.notes["visit", visit] = Visit(member, call.kiosk, chain.now + timedelta(seconds=VISIT_S))
    return yes(visit=str(visit), member=str(member))


@does("lease.ask")
def lend(chain: Chain, call: Call) -> Answer:
    """Lend the price of a reward to a kiosk."""
    body, books = call.item.body, chain.books
    assert isinstance(body, AskLease)
    if ("spend", body.spend) in chain.notes:
        return yes(lease=chain.notes["spend", body.spend].number)
    visit = chain.notes.get(("visit", body.visit))
    if visit is None or visit.kiosk != call.kiosk or chain.now >= visit.ends_at:
        return no("visit.expired")
    if ("reward", body.reward) not in chain.notes:
        return no("reward.unknown")
    member, reward = chain.members[visit.member], chain.notes["reward", body.reward]
    if member.is_blocked:
        return no("member.blocked")
    if body.points != reward.points:
        return no("reward.price_changed", points=reward.points)
    short = reward.points - books.spendable(member.points)
    if short > 0:
        return short_of(member.id, "points.short", short)
    if reward.stock == 0:
        return no("reward.gone")
    if reward.stock is not None:
        reward.stock -= 1
    wish = (call.kiosk, member, body.reward, body.spend, reward.points)
    return yes(lease=put_aside(chain, call, wish, timedelta(seconds=LEASE_S)))


def put_aside(chain: Chain, call: Call, wish: tuple[str, Member, UUID | None, UUID, int], lasts: timedelta) -> int:
    """Put points aside for a kiosk: whose, for what, and how many. The number of the lease."""
    books, (kiosk, member, reward, spend, points) = chain.books, wish
    chain.kiosks[kiosk].leases += 1
    lots = [lot for lot in books.lots[member.points] if lot.left and lot.terms.allow(call.at)]
    deadline = min([chain.now + lasts, *(lot.order[0] for lot in lots)])
    lease = Lease(kiosk, chain.kiosks[kiosk].leases, member.id, reward, spend, points, deadline)
    books.move(call.transfer("lease.granted"), member.points, lease.account, points)
    keep(chain, lease)
    return lease.number


def keep(chain: Chain, lease: Lease) -> None:
    """Remember a lease by both of its names."""
    chain.notes["spend", lease.spend] = chain.notes["lease", lease.kiosk, lease.number] = lease


@does("lease.written_off")
def write_off(chain: Chain, call: Call) -> Answer:
    """Decide by hand what became of a lease whose kiosk says nothing more."""
    body = call.item.body
    assert isinstance(body, LeaseWrittenOff)
    lease = chain.notes.get(("lease", body.kiosk, body.lease))
    if lease is None:
        return no("lease.unknown")
    if lease.is_ended:
        return no(lease.ended)
    lease.state, rest = "written_off", lease.rest
    if lease.recalled_at is None:
        lease.recalled_at = chain.now
    if body.outcome == "give_back":
        _give_back(chain, call, lease)
    elif rest:
        chain.books.spend_reserved(call.transfer("lease.written_off"), lease.account, rest)
    return yes(points=rest, balance=chain.books.held(chain.members[lease.member].points))


@does("lease.accepted", "lease.spent", "lease.closed")
def report(chain: Chain, call: Call) -> Answer:
    """Note what a kiosk says became of a lease."""
    body = call.item.body
    assert isinstance(body, LeaseAccepted | LeaseSpent | LeaseClosed)
    lease = chain.notes.get(("lease", call.kiosk, body.lease))
    match body:
        case LeaseAccepted():
            return _accept(chain, call, lease, body)
        case _ if lease is None:
            return no("lease.unknown")
        case LeaseSpent():
            return _spend(chain, call, lease, body)
        case LeaseClosed():
            return _close(chain, call, lease, body)


def _accept(chain: Chain, call: Call, lease: Lease | None, body: LeaseAccepted) -> Answer:
    sealed = (call.kiosk, body.lease, body.member, body.points)
    is_sealed = body.seal is not UNSET and chain.notes.get(("seal", body.seal)) == sealed
    if lease is None:
        return _take_up(chain, call, body) if is_sealed else no("lease.unknown")
    if (body.member, body.points) != (lease.member, lease.points) or not (is_sealed or body.seal is UNSET):
        return no("lease.different")
    if lease.state != "granted":
        return no(lease.ended)
    lease.state = "accepted"
    return yes()


def _take_up(chain: Chain, call: Call, body: LeaseAccepted) -> Answer:
    """Put aside again what was lent and forgotten: what is there, and the rest on tick."""
    if body.member not in chain.members:
        return no("member.unknown")
    member, books, kiosk = chain.members[body.member], chain.books, chain.kiosks[call.kiosk]
    spend = derived_id(call.epoch, f"lease.{call.kiosk}.{body.lease}")
    lease = Lease(call.kiosk, body.lease, member.id, None, spend, body.points, chain.now, state="accepted")
    there = min(body.points, books.spendable(member.points))
    if there:
        books.move(call.transfer("lease.granted"), member.points, lease.account, there)
    if there < body.points:
        owe(chain, member, body.points - there)
        terms = points_terms(chain, "lease", call.at)
        books.grant(call.transfer("lease.granted.owed"), lease.account, body.points - there, terms)
    kiosk.leases = max(kiosk.leases, body.lease)
    keep(chain, lease)
    return yes()


def _spend(chain: Chain, call: Call, lease: Lease, body: LeaseSpent) -> Answer:
    if lease.is_ended:
        return no(lease.ended)
    if body.points > lease.rest:
        return no("lease.overspent")
    said = (body.spend, body.reward, body.member, body.points)
    if lease.reward is None:
        is_different = body.member != lease.member or body.points <= 0
    else:
        is_different = said != (lease.spend, lease.reward, lease.member, lease.points)
    if is_different:
        return no("lease.different")
    if ("reward", body.reward) not in chain.notes:
        return no("reward.unknown")
    if ("voucher", body.spend) in chain.notes:
        return no("lease.different")
    reward = chain.notes["reward", body.reward]
    if lease.reward is None and reward.stock:
        reward.stock -= 1
    chain.books.spend_reserved(call.transfer("lease.spent"), lease.account, body.points)
    chain.notes["voucher", body.spend] = lease
    lease.spent += body.points
    return yes()


def _close(chain: Chain, call: Call, lease: Lease, body: LeaseClosed) -> Answer:
    if lease.is_ended:
        return no(lease.ended)
    if body.spent != lease.spent:
        return no("lease.overspent")
    lease.state = "closed"
    _give_back(chain, call, lease)
    return yes()


def _give_back(chain: Chain, call: Call, lease: Lease) -> None:
    if not lease.rest:
        return
    member, books = chain.members[lease.member], chain.books
    _pay_tick(chain, call, lease)
    own = books.held(lease.account)
    if own:
        transfer = call.transfer(call.item.kind)
        books.give_back(transfer, lease.account, member.points, own)
        touched = [lot.origin for lot, _part in books.took[transfer] if lot.origin]
        expire_at_once(chain, call.transfer("points.expired"), member.points, touched)
    recover(chain, call, member)
    if lease.reward is not None:
        reward = chain.notes["reward", lease.reward]
        if reward.stock is not None and not lease.spent:
            reward.stock += 1


def _pay_tick(chain: Chain, call: Call, lease: Lease) -> None:
    """What was put aside on tick pays for itself; what the member has paid for meanwhile is the member's."""
    member, books = chain.members[lease.member], chain.books
    lots = [lot for lot in books.lots.get(lease.account, []) if lot.left and lot.origin is None]
    total = sum(lot.left for lot in lots)
    back = min(total, books.held(member.debt))
    if back:
        books.spend_from(call.transfer("debt.recovered.lease"), lease.account, back, lots)
        books.count(member.debt, -back)
    if total > back:
        transfer = call.transfer(f"{call.item.kind}.paid")
        books.move_lots(transfer, (lease.account, member.points), total - back, lots)
