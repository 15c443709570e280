"""How a child takes goods back: what they had earned goes back too, or is owed; what points had paid comes back."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.returns.intake import PurchaseReturned
from protocol.ids import part_id
from tests.model.books import Lot, Terms
from tests.model.chain import Answer, Call, Chain, Member, does, no, not_yet, short_of, yes
from tests.model.points import expire_at_once, owe, recover
from tests.model.purchases import Sale


@dataclass(frozen=True, slots=True)
class Wish:
    """Goods that are to come back of a sale, and what is due for them; `lot` is what the sale had earned."""

    chain: Chain
    call: Call
    sale: Sale
    body: PurchaseReturned
    due: dict[str, int]
    lot: Lot | None

    @property
    def member(self) -> Member:
        """Whose goods they were."""
        return self.chain.members[self.sale.member]

    @property
    def payment(self) -> UUID:
        """The transfer by which points had paid."""
        return part_id(self.sale.id, "points.paid")

    @property
    def asked(self) -> int:
        """How many points are asked back; what has expired of them is gone already."""
        due_in_all = self.due["points"] + sum(line.points_due for line in self.sale.lines)
        return max(0, due_in_all - (self.lot.expired if self.lot else 0) - self.sale.asked)

    def sources(self) -> list[Lot]:
        """Where points are taken back from: the sale's own lot, then whatever else can be spent."""
        books, at = self.chain.books, self.call.at
        lots = [lot for lot in books.lots.get(self.member.points, []) if lot is not self.lot and lot.terms.allow(at)]
        lots.sort(key=lambda lot: lot.order)
        return [self.lot, *lots] if self.lot else lots


@does("purchase.returned")
def take_back(chain: Chain, call: Call) -> Answer:
    """Take goods back."""
    body = call.item.body
    assert isinstance(body, PurchaseReturned)
    if call.store not in chain.stores:
        return no("store.unknown")
    name = ("sale", body.purchase) if body.purchase else ("sold", body.sold_in, body.sold_as)
    if name not in chain.notes:
        return not_yet("purchase.unknown")
    sale = chain.notes[name]
    content, number = (sale.id, sorted(body.lines, key=lambda line: line.line)), ("returned", call.store, body.receipt)
    if number not in chain.notes:
        told = _settle(chain, call, sale, body)
        if isinstance(told, Answer):
            return told
        chain.notes[number] = (content, told)
    known, told = chain.notes[number]
    if known != content:
        return no("return.known")
    member = chain.members[sale.member]
    return yes(**told, balance=chain.books.held(member.points), debt=chain.books.held(member.debt))


def _settle(chain: Chain, call: Call, sale: Sale, body: PurchaseReturned) -> dict[str, Any] | Answer:
    if _is_too_much(sale, body):
        return no("return.too_much")
    figures = ("points", "qualifying", "points_paid", "value_paid")
    due = {
        name: sum(
            (line := sale.lines[back.line - 1]).due(getattr(line, name), back.quantity, back.amount)
            for back in body.lines
        )
        for name in figures
    }
    wanted = part_id(part_id(sale.id, "points.earned"), "lot")
    own = next((lot for lot in chain.books.lots.get(chain.members[sale.member].points, []) if lot.id == wanted), None)
    wish = Wish(chain, call, sale, body, due, own)
    asked = wish.asked
    refilled = chain.books.to_put_back(wish.payment, due["points_paid"])
    there = sum(lot.left for lot in wish.sources()) + sum(part for lot, part in refilled if lot.terms.allow(call.at))
    policy = chain.term("returns", short="deny", forgive=0)
    back = min(asked, there)
    forgiven = min(asked - back, max(0, policy["forgive"] - sale.forgiven))
    owed = asked - back - forgiven
    if owed and policy["short"] == "deny":
        return short_of(sale.member, "return.short", owed)
    coming = min(owed + forgiven, chain.near.get(sale.member, 0))
    if coming:
        return Answer("waiting", "points.recalled", {"short": coming}, sale.member)
    told = {"points_back": back, "points_owed": owed, "points_forgiven": forgiven}
    return _move(wish, told, [lot for lot, _part in refilled])


def _is_too_much(sale: Sale, body: PurchaseReturned) -> bool:
    for back in body.lines:
        if back.line > len(sale.lines):
            return True
        line = sale.lines[back.line - 1]
        if back.quantity > line.quantity - line.quantity_back or back.amount > line.amount - line.amount_back:
            return True
    return False


def _move(wish: Wish, told: dict[str, int], refilled: list[Lot]) -> dict[str, Any]:
    chain, call, sale, member, books = wish.chain, wish.call, wish.sale, wish.member, wish.chain.books
    back, owed, forgiven = told.values()
    books.put_back(member.points, wish.payment, wish.due["points_paid"])
    if forgiven:
        books.grant(call.transfer("points.forgiven"), member.points, forgiven, Terms("forgiven", call.at, None))
    expire_at_once(chain, call.transfer("points.expired"), member.points, refilled)
    books.spend_from(call.transfer("points.returned"), member.points, back + forgiven, wish.sources())
    owe(chain, member, owed)
    qualifying = min(wish.due["qualifying"], books.held(member.qualifying))
    books.count(member.qualifying, -qualifying)
    recover(chain, call, member)
    for line in wish.body.lines:
        sale.lines[line.line - 1].quantity_back += line.quantity
        sale.lines[line.line - 1].amount_back += line.amount
    sale.asked += back + owed + forgiven
    sale.forgiven += forgiven
    given = {"points_given": wish.due["points_paid"], "value_given": wish.due["value_paid"]}
    names = {"id": str(call.item.id), "purchase": str(sale.id)}
    return names | told | given | {"qualifying_back": qualifying}
