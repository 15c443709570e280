"""How a child lends points ahead, and wants them back: who lacks points here is told where they lie."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub.leases.orders import LeaseRecalled, PointsLent
from protocol.ids import derived_id
from tests.model.chain import Answer, Call, Chain, does, no, not_yet, yes
from tests.model.leases import Lease, put_aside

DAYS = 14
ANSWER_MAX = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Lying:
    """Points that lay at a kiosk ahead when a batch began."""

    kiosk: str
    number: int
    member: UUID
    rest: int
    recalled_at: datetime | None


@does("points.lent")
def lend(chain: Chain, call: Call) -> Answer:
    """Lend points to a kiosk for whatever the member may want there."""
    body = call.item.body
    assert isinstance(body, PointsLent)
    if body.kiosk not in chain.kiosks:
        return not_yet("kiosk.unknown")
    refused = chain.refusal(body.member)
    if refused is not None:
        return not_yet(refused)
    member = chain.members[body.member]
    if body.points > chain.books.spendable(member.points):
        return not_yet("points.short")
    wish = (body.kiosk, member, None, derived_id(call.item.id, "lease"), body.points)
    return yes(lease=put_aside(chain, call, wish, timedelta(days=DAYS)))


@does("lease.recalled")
def recall(chain: Chain, call: Call) -> Answer:
    """Want a lease back."""
    body = call.item.body
    assert isinstance(body, LeaseRecalled)
    lease = chain.notes.get(("lease", body.kiosk, body.lease))
    if lease is None:
        return no("lease.unknown")
    if lease.is_ended:
        return no(lease.ended)
    if lease.recalled_at is None:
        lease.recalled_at = chain.now
    return yes(rest=lease.rest)


def lying(chain: Chain) -> list[Lying]:
    """All that lies at kiosks ahead now."""
    leases = [note for name, note in chain.notes.items() if name[0] == "lease"]
    ahead: list[Lease] = [lease for lease in leases if lease.reward is None and not lease.is_ended]
    return [Lying(lease.kiosk, lease.number, lease.member, lease.rest, lease.recalled_at) for lease in ahead]


def near(chain: Chain, there: list[Lying]) -> dict[UUID, int]:
    """How much of that comes back when a till wants it back, by member."""
    return {
        member: _sum(one for one in there if one.member == member and _gives_back(chain, one, None))
        for member in chain.members
    }


def look_elsewhere(chain: Chain, answer: Answer, kiosk: str | None, there: list[Lying]) -> tuple[Answer, list[Lying]]:
    """What somebody is told who lacks points here, and what is wanted back for it."""
    mine, short = [one for one in there if one.member == answer.lacking], answer.told.get("short", 0)
    near = [one for one in mine if _gives_back(chain, one, kiosk)]
    if not mine or _sum(mine) < short:
        return answer, []
    if _sum(near) >= short:
        return not_yet("points.recalled"), _few(near, short)
    away = [one for one in mine if one not in near]
    most = max(away, key=lambda one: (one.rest, one.kiosk, one.number))
    store = chain.kiosks[most.kiosk].store
    points = _sum(one for one in away if chain.kiosks[one.kiosk].store == store)
    return not_yet("points.lent", points=points, store=store), mine


def want_back(chain: Chain, wanted: list[Lying]) -> None:
    """Tell the kiosks that have not been told."""
    for one in wanted:
        lease: Lease = chain.notes["lease", one.kiosk, one.number]
        if not lease.is_ended and lease.recalled_at is None:
            lease.recalled_at = chain.now


def _gives_back(chain: Chain, one: Lying, kiosk: str | None) -> bool:
    is_slow = one.recalled_at is not None and chain.now - one.recalled_at > ANSWER_MAX
    return (chain.kiosks[one.kiosk].is_online or one.kiosk == kiosk) and not is_slow


def _sum(some: Iterable[Lying]) -> int:
    return sum(one.rest for one in some)


def _few(near: list[Lying], short: int) -> list[Lying]:
    """Those that are asked already, then the largest, until it is enough."""
    chosen: list[Lying] = []
    for one in sorted(near, key=lambda one: (one.recalled_at is None, -one.rest, one.kiosk, one.number)):
        if _sum(chosen) < short:
            chosen.append(one)
    return chosen
