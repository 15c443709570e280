"""How a child lends points to kiosks: put aside when asked for, gone when spent, back when closed."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub.leases.intake import LeaseWrittenOff
from protocol.events import LeaseAccepted, LeaseClosed, LeaseSpent
from protocol.ids import derived_id
from protocol.requests import AskLease, PresentCard
from tests.model.chain import Answer, Call, Chain, does, no, yes
from tests.model.points import expire_at_once, recover

LEASE_S = 600
VISIT_S = 120


@dataclass(slots=True)
class Lease:
    """Points lent for one reward."""

    kiosk: str
    number: int
    member: UUID
    reward: UUID
    spend: UUID
    points: int
    deadline: datetime
    spent: int = 0
    state: str = "granted"

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
        return no("points.short", short=short)
    if reward.stock == 0:
        return no("reward.gone")
    if reward.stock is not None:
        reward.stock -= 1
    chain.kiosks[call.kiosk].leases += 1
    lots = [lot for lot in books.lots[member.points] if lot.left and lot.terms.allow(call.at)]
    deadline = min([chain.now + timedelta(seconds=LEASE_S), *(lot.order[0] for lot in lots)])
    number = chain.kiosks[call.kiosk].leases
    lease = Lease(call.kiosk, number, member.id, body.reward, body.spend, reward.points, deadline)
    books.move(call.transfer("lease.granted"), member.points, lease.account, lease.points)
    chain.notes["spend", body.spend] = chain.notes["lease", call.kiosk, number] = lease
    return yes(lease=number)


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
    lease.state, rest = "written_off", lease.points - lease.spent
    if body.outcome == "give_back":
        _give_back(chain, call, lease)
    elif rest:
        chain.books.spend_reserved(call.transfer("lease.written_off"), lease.account, rest)
    return yes(points=rest, balance=chain.books.held(chain.members[lease.member].points))


@does("lease.accepted", "lease.spent", "lease.closed")
def report(chain: Chain, call: Call) -> Answer:
    """Note what a kiosk says became of a lease."""
    body, books = call.item.body, chain.books
    assert isinstance(body, LeaseAccepted | LeaseSpent | LeaseClosed)
    lease = chain.notes.get(("lease", call.kiosk, body.lease))
    if lease is None:
        return no("lease.unknown")
    match body:
        case LeaseAccepted():
            return _accept(lease, body)
        case LeaseSpent():
            if lease.is_ended:
                return no(lease.ended)
            if body.points > lease.points - lease.spent:
                return no("lease.overspent")
            said = (body.spend, body.reward, body.member, body.points)
            if said != (lease.spend, lease.reward, lease.member, lease.points):
                return no("lease.different")
            books.spend_reserved(call.transfer("lease.spent"), lease.account, body.points)
            lease.spent += body.points
        case LeaseClosed():
            return _close(chain, call, lease, body)
    return yes()


def _accept(lease: Lease, body: LeaseAccepted) -> Answer:
    if (body.member, body.points) != (lease.member, lease.points):
        return no("lease.different")
    if lease.state != "granted":
        return no(lease.ended)
    lease.state = "accepted"
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
    rest, member, books = lease.points - lease.spent, chain.members[lease.member], chain.books
    if not rest:
        return
    transfer = call.transfer(call.item.kind)
    books.give_back(transfer, lease.account, member.points, rest)
    touched = [lot.origin for lot, _part in books.took[transfer] if lot.origin]
    expire_at_once(chain, call.transfer("points.expired"), member.points, touched)
    recover(chain, call, member)
    reward = chain.notes["reward", lease.reward]
    if reward.stock is not None and not lease.spent:
        reward.stock += 1
