"""How a child puts something aside for a while, and then gives it back or has it spent."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from hub.holds.service import HoldCaptured, HoldExpired, HoldPlaced, HoldReleased
from protocol.ids import derived_id, part_id
from tests.model.books import Lot
from tests.model.chain import Answer, Call, Chain, Member, does, no, short_of, yes
from tests.model.points import expire_at_once, recover
from tests.model.wallet import POLICY, Receipt, keep, split

MINUTES_MAX = 30

Origins = dict[str, list[Lot]]
"""The lots that something was taken from and went back into, by what it is made of."""


@dataclass(slots=True)
class Hold:
    """Something put aside; `held` is what was still there when it ended."""

    id: UUID
    member: UUID
    store: str
    book: str
    amount: int
    deadline: datetime
    state: str = "open"
    captured: int = 0
    held: dict[str, int] = field(default_factory=dict)

    @property
    def pockets(self) -> list[str]:
        """What it may be made of."""
        return ["points"] if self.book == "points" else ["principal", "bonus"]

    def account(self, pocket: str) -> UUID:
        """Where that is put aside."""
        return derived_id(self.id, pocket)

    def told(self) -> Answer:
        """What is said of it."""
        return yes(hold=str(self.id), amount=self.amount, captured=self.captured, state=self.state)


def _home(member: Member, pocket: str) -> UUID:
    return {"points": member.points, "principal": member.principal, "bonus": member.bonus}[pocket]


def _shares(chain: Chain, hold: Hold, amount: int, there: dict[str, int]) -> dict[str, int]:
    if hold.book == "points":
        return {"points": amount}
    return split(chain.term("wallet", **POLICY)["order"], amount, there["principal"], there["bonus"])


@does("hold.placed")
def place(chain: Chain, call: Call) -> Answer:
    """Put something aside."""
    body, books = call.item.body, chain.books
    assert isinstance(body, HoldPlaced)
    if call.store not in chain.stores:
        return no("store.unknown")
    refused = chain.refusal(body.member)
    if refused is not None:
        return no(refused)
    if body.minutes > MINUTES_MAX:
        return no("hold.too_long", minutes=MINUTES_MAX)
    deadline = call.at + timedelta(minutes=body.minutes)
    hold = Hold(call.item.id, body.member, call.store, body.book, body.amount, deadline)
    member = chain.members[body.member]
    there = {pocket: books.spendable(_home(member, pocket)) for pocket in hold.pockets}
    short = body.amount - sum(there.values())
    if short > 0:
        return (
            no("stored_value.short", short=short)
            if body.book == "money"
            else short_of(member.id, "points.short", short)
        )
    for pocket, share in _shares(chain, hold, body.amount, there).items():
        if share:
            home = _home(member, pocket)
            books.move(call.transfer(f"hold.placed.{pocket}"), home, hold.account(pocket), share)
    chain.notes["hold", hold.id] = hold
    return hold.told()


@does("hold.captured", "hold.released", "hold.expired")
def end(chain: Chain, call: Call) -> Answer:
    """Spend what was put aside, or give it back."""
    body = call.item.body
    assert isinstance(body, HoldCaptured | HoldReleased | HoldExpired)
    hold = chain.notes.get(("hold", body.hold))
    if not isinstance(hold, Hold):
        return no("hold.unknown")
    refused = _refusal(chain, call, hold)
    if refused is not None:
        return no(refused)
    member, books = chain.members[hold.member], chain.books
    kind = "hold.expired" if isinstance(body, HoldExpired) else "hold.released"
    origins: Origins = {}
    for pocket in hold.pockets:
        amount = books.held(hold.account(pocket))
        transfer = part_id(hold.id, f"{kind}.{pocket}")
        books.give_back(transfer, hold.account(pocket), _home(member, pocket), amount)
        hold.held[pocket] = amount
        lots = [lot.origin for lot, _part in books.took[transfer] if lot.origin]
        origins[pocket] = sorted(lots, key=lambda lot: lot.order)
    hold.state = "released" if isinstance(body, HoldReleased) else "expired"
    if isinstance(body, HoldCaptured):
        hold.state, hold.captured = "captured", body.amount
        _spend(chain, call, hold, origins)
    for pocket, lots in origins.items():
        kind = "points.expired" if pocket == "points" else "bonus.expired"
        expire_at_once(chain, call.transfer(kind), _home(member, pocket), lots)
    recover(chain, call, member)
    return hold.told()


def _refusal(chain: Chain, call: Call, hold: Hold) -> str | None:
    body = call.item.body
    if isinstance(body, HoldExpired):
        return None if hold.state == "open" else "hold.ended"
    if call.store != hold.store:
        return "store.out_of_scope"
    if hold.state != "open":
        return "hold.expired" if hold.state == "expired" else "hold.ended"
    if isinstance(body, HoldReleased):
        return None
    assert isinstance(body, HoldCaptured)
    if call.at >= hold.deadline:
        return "hold.expired"
    if body.amount > hold.amount:
        return "hold.exceeded"
    is_taken = ("payment", hold.store, body.receipt) in chain.notes
    return "payment.known" if hold.book == "money" and is_taken else None


def _spend(chain: Chain, call: Call, hold: Hold, origins: Origins) -> None:
    body, member = call.item.body, chain.members[hold.member]
    shares = _shares(chain, hold, hold.captured, hold.held)
    kinds = {"points": "hold.captured", "principal": "stored_value.paid", "bonus": "bonus.paid"}
    for pocket, share in shares.items():
        chain.books.spend_from(call.transfer(kinds[pocket]), _home(member, pocket), share, origins[pocket])
    if hold.book == "money":
        paid = (shares["principal"], shares["bonus"])
        keep(chain, call, Receipt(call.item.id, "payment", member.id, body, call.at, {}, *paid))
