"""How a child keeps shop: what a purchase pays for and earns."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.purchases.checkout import PurchasePosted
from protocol.events import PurchaseRecorded
from tests.model.chain import Answer, Call, Chain, Member, does, no, short_of, yes
from tests.model.earning import Basket, earned
from tests.model.points import SCALE, points_terms, price_in_points, recover, shared_like


@dataclass(slots=True)
class Line:
    """A line that was sold, and what of it has come back."""

    quantity: int
    amount: int
    points: int
    qualifying: int
    points_paid: int
    value_paid: int
    quantity_back: int = 0
    amount_back: int = 0

    def due(self, figure: int, quantity: int, amount: int) -> int:
        """What of a figure is due for so much more of it: all that is due then, less what was due before."""
        after = self._share(figure, self.quantity_back + quantity, self.amount_back + amount)
        return after - self._share(figure, self.quantity_back, self.amount_back)

    @property
    def points_due(self) -> int:
        """Points that are due for all that has come back."""
        return self._share(self.points, self.quantity_back, self.amount_back)

    def _share(self, figure: int, quantity: int, amount: int) -> int:
        return figure * amount // self.amount if self.amount else figure * quantity // self.quantity


@dataclass(slots=True)
class Sale:
    """A purchase that was made. `told` is the part of its answer that never changes.

    `asked` is how many points returns have asked back, `forgiven` how many of these were let go.
    """

    id: UUID
    store: str
    member: UUID
    content: Any
    lines: list[Line]
    told: dict[str, Any]
    asked: int = 0
    forgiven: int = 0


@does("purchase.recorded")
def buy(chain: Chain, call: Call) -> Answer:
    """Sell something."""
    body = call.item.body
    assert isinstance(body, PurchaseRecorded)
    if call.kiosk and not chain.stores[call.store]:
        return no("purchase.not_here")
    if call.store not in chain.stores:
        return no("store.unknown")
    refused = chain.refusal(body.member) or chain.currency_refusal(body.currency)
    if refused is not None:
        return no(refused)
    number = ("sold", call.store, body.receipt)
    if number not in chain.notes:
        sale = _sell(chain, call, body)
        if isinstance(sale, Answer):
            return sale
        chain.notes[number] = chain.notes["sale", sale.id] = sale
    sale = chain.notes[number]
    if sale.content != _content(body):
        return no("purchase.known")
    member = chain.members[body.member]
    return yes(**sale.told, balance=chain.books.held(member.points), tier=member.tier)


def _content(body: PurchaseRecorded) -> Any:
    return body.member, body.currency, body.lines, _points_paid(body)


def _points_paid(body: PurchaseRecorded) -> int:
    return body.points_paid if isinstance(body, PurchasePosted) else 0


def _sell(chain: Chain, call: Call, body: PurchaseRecorded) -> Sale | Answer:
    member, books, points = chain.members[body.member], chain.books, _points_paid(body)
    amounts = [line.amount for line in body.lines]
    policy = chain.term("cash", points=0, minor=0, max_share_bp=SCALE, min_points=0)
    value = price_in_points(policy, points, sum(amounts))
    if isinstance(value, str):
        return no(value)
    short = points - books.spendable(member.points)
    if points and short > 0:
        return short_of(member.id, "points.short", short)
    values = shared_like(value, amounts) if points else [0] * len(amounts)
    shares = shared_like(points, values) if points else [0] * len(amounts)
    basket = Basket(chain, call, body, member, [amount - less for amount, less in zip(amounts, values, strict=True)])
    gained, qualifying = earned(basket)
    books.spend(call.transfer("points.paid"), member.points, points)
    if sum(gained):
        terms = points_terms(chain, "purchase", call.at)
        books.grant(call.transfer("points.earned"), member.points, sum(gained), terms)
    books.count(member.qualifying, sum(qualifying))
    for count, amount in basket.counted:
        chain.count(count, amount)
    recover(chain, call, member)
    _promote(chain, member)
    lines = [
        Line(line.quantity, line.amount, *figures)
        for line, *figures in zip(body.lines, gained, qualifying, shares, values, strict=True)
    ]
    told = {"purchase": str(call.item.id), "points": sum(gained), "points_paid": points, "value_paid": value}
    return Sale(call.item.id, call.store, member.id, _content(body), lines, told)


def _promote(chain: Chain, member: Member) -> None:
    names = [tier.name for tier in chain.tiers]
    reached = [tier.name for tier in chain.tiers if tier.threshold <= chain.books.held(member.qualifying)]
    member.tier = max(member.tier, reached[-1], key=names.index)
