"""How a child keeps money for others: paid in, given on top, spent, given back and paid out."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.payments.intake import PaymentRecorded, PaymentRefunded
from hub.wallet.intake import TopUpRecorded, TopUpRefunded, WalletClosed
from hub.wallet.receipts import PostedRefund
from protocol.ids import part_id
from tests.model.books import Lot, Terms
from tests.model.chain import Answer, Call, Chain, Member, does, no, yes
from tests.model.points import SCALE, expire_at_once, owe, points_terms, recover, same_day_later
from tests.model.second import held_back

GIFT: dict[str, Any] = {
    "at_least": 1,
    "gift": 0,
    "points": 0,
    "step": None,
    "tiers": [],
    "stores": [],
    "cap_member": None,
    "budget": None,
}
LAW = {
    "balance_max_identified": 500_000,
    "balance_max_anonymous": 100_000,
    "top_up_max": 500_000,
    "identify_from": 1_000_000,
}
POLICY: dict[str, Any] = {"order": "bonus_first", "bonus_months": None, "refund_days": 7}


@dataclass(slots=True)
class Receipt:
    """A receipt that was taken: what it moved, and the part of its answer that never changes."""

    id: UUID
    kind: str
    member: UUID
    content: Any
    at: datetime
    told: dict[str, Any]
    principal: int = 0
    bonus: int = 0
    rule: str = ""
    points: int = 0
    refunds: list[UUID] = field(default_factory=list)


def once(chain: Chain, call: Call, kind: str, known: str) -> Receipt | Answer | None:
    """The receipt that this number stands for, or why it is refused; None where the number is new."""
    if call.store not in chain.stores:
        return no("store.unknown")
    receipt = chain.notes.get((kind, call.store, call.item.body.receipt))  # type: ignore[attr-defined]
    if receipt is not None and receipt.content != call.item.body:
        return no(known)
    return receipt


def keep(chain: Chain, call: Call, receipt: Receipt) -> Receipt:
    """Remember a receipt."""
    chain.notes[receipt.kind, call.store, call.item.body.receipt] = receipt  # type: ignore[attr-defined]
    chain.notes[receipt.kind, receipt.id] = receipt
    return receipt


def original(chain: Chain, call: Call, kind: str) -> Receipt | None:
    """The receipt that a refund names."""
    body = call.item.body
    assert isinstance(body, PostedRefund)
    found = chain.notes.get((kind, body.of))
    return found if isinstance(found, Receipt) else None


def purse(chain: Chain, member: Member) -> dict[str, int]:
    """What somebody has."""
    principal, bonus = chain.books.held(member.principal), chain.books.held(member.bonus)
    return {"stored_value": principal + bonus, "principal": principal, "bonus": bonus}


def lot_of(chain: Chain, account: UUID, fact: UUID, kind: str) -> Lot | None:
    """The lot that something was granted in."""
    wanted = part_id(part_id(fact, kind), "lot")
    return next((lot for lot in chain.books.lots.get(account, []) if lot.id == wanted), None)


@does("top_up.recorded")
def top_up(chain: Chain, call: Call) -> Answer:
    """Take money in, and give something on top."""
    body, books = call.item.body, chain.books
    assert isinstance(body, TopUpRecorded)
    receipt = once(chain, call, "top_up", "top_up.known")
    if isinstance(receipt, Answer):
        return receipt
    if receipt is None:
        refused = chain.refusal(body.member) or chain.currency_refusal(body.currency)
        if refused is not None:
            return no(refused)
        member = chain.members[body.member]
        rule, gift, points = _best_gift(chain, call, body, member)
        after = purse(chain, member)["stored_value"] + body.amount + gift
        refused = _against_the_law(chain, body.amount, after, member)
        if refused is not None:
            return no(refused)
        paid_in = Terms("top_up", call.at, None, SCALE)
        books.grant(call.transfer("stored_value.topped_up"), member.principal, body.amount, paid_in)
        if gift:
            terms = Terms("gift", call.at, _gift_end(chain, call.at), SCALE)
            books.grant(call.transfer("bonus.given"), member.bonus, gift, terms)
            _count_gift(chain, rule, member, gift)
        if points:
            terms = points_terms(chain, "top_up", call.at)
            books.grant(call.transfer("points.earned"), member.points, points, terms)
            recover(chain, call, member)
        told = {"top_up": str(call.item.id), "gift": gift, "points": points}
        made = Receipt(call.item.id, "top_up", member.id, body, call.at, told, body.amount, gift, rule, points)
        receipt = keep(chain, call, made)
    member = chain.members[receipt.member]
    return yes(**receipt.told, **purse(chain, member), balance=books.held(member.points))


def _best_gift(chain: Chain, call: Call, body: TopUpRecorded, member: Member) -> tuple[str, int, int]:
    best = ("", 0, 0)
    for name in sorted(name for name in chain.terms if name.startswith("gift.")):
        rule = GIFT | chain.terms[name]
        is_for = not rule["tiers"] or member.tier in rule["tiers"]
        if body.amount < rule["at_least"] or not is_for or (rule["stores"] and call.store not in rule["stores"]):
            continue
        times = body.amount // rule["step"] if rule["step"] else 1
        money, points = rule["gift"] * times, rule["points"] * times
        rooms = [chain.room(count, rule[cap]) for cap, count in _gift_counts(name, member) if rule[cap] is not None]
        if rooms and money > min(rooms):
            money, points = (min(rooms), points) if min(rooms) else (0, 0)
        if (money, points) > best[1:]:
            best = (name, money, points)
    return best


def _gift_end(chain: Chain, at: datetime) -> datetime | None:
    months = chain.term("wallet", **POLICY)["bonus_months"]
    return same_day_later(at.astimezone(chain.zone), months).astimezone(at.tzinfo) if months else None


def _gift_counts(name: str, member: Member) -> list[tuple[str, tuple[Any, ...]]]:
    return [("cap_member", ("gift", name, member.id)), ("budget", ("gift", name))]


def _count_gift(chain: Chain, name: str, member: Member, money: int) -> None:
    rule = GIFT | chain.terms[name] if name in chain.terms else GIFT
    for cap, count in _gift_counts(name, member):
        if rule[cap] is not None:
            chain.count(count, money)


def _against_the_law(chain: Chain, amount: int, after: int, member: Member) -> str | None:
    law = LAW | chain.terms.get("jurisdiction.CN", {})
    if amount > law["top_up_max"]:
        return "top_up.too_large"
    if not member.is_identified and amount >= law["identify_from"]:
        return "member.unidentified"
    most = law["balance_max_identified" if member.is_identified else "balance_max_anonymous"]
    return "stored_value.too_much" if after > most else None


@does("top_up.refunded")
def refund_top_up(chain: Chain, call: Call) -> Answer:
    """Undo a top-up: what was used of its gift is taken off the money that is paid out."""
    body, books = call.item.body, chain.books
    assert isinstance(body, TopUpRefunded)
    receipt = once(chain, call, "top_up_refund", "receipt.known")
    if isinstance(receipt, Answer):
        return receipt
    if receipt is None:
        paid_in = original(chain, call, "top_up")
        if paid_in is None:
            return no("receipt.unknown")
        if call.at > paid_in.at + timedelta(days=chain.term("wallet", **POLICY)["refund_days"]):
            return no("refund.too_late")
        member = chain.members[paid_in.member]
        money = lot_of(chain, member.principal, paid_in.id, "stored_value.topped_up")
        gift = lot_of(chain, member.bonus, paid_in.id, "bonus.given")
        assert money is not None
        lost = gift.left if gift else 0
        used = paid_in.bonus - lost
        out = money.left - used
        if out <= 0 or paid_in.refunds:
            return no("refund.nothing")
        waits = held_back(chain, call, out)
        if waits is not None:
            return waits
        books.spend_from(call.transfer("stored_value.paid_out"), member.principal, out, [money])
        books.spend_from(call.transfer("bonus.paid_for"), member.principal, used, [money])
        if gift is not None:
            books.spend_lots(call.transfer("bonus.forfeited"), member.bonus, [gift])
        if paid_in.points:
            _take_points(chain, call, member, paid_in)
        if paid_in.rule:
            _count_gift(chain, paid_in.rule, member, -paid_in.bonus)
        paid_in.refunds.append(call.item.id)
        told = {"refund": str(call.item.id), "paid_out": out, "forfeited": lost, "gift_used": used}
        receipt = keep(chain, call, Receipt(call.item.id, "top_up_refund", member.id, body, call.at, told))
    return yes(**receipt.told, **purse(chain, chain.members[receipt.member]))


def _take_points(chain: Chain, call: Call, member: Member, paid_in: Receipt) -> None:
    lot = lot_of(chain, member.points, paid_in.id, "points.earned")
    assert lot is not None
    left = lot.left
    chain.books.spend_lots(call.transfer("points.taken_back"), member.points, [lot])
    if paid_in.points > left:
        owe(chain, member, paid_in.points - left)
    recover(chain, call, member)


@does("wallet.closed")
def close(chain: Chain, call: Call) -> Answer:
    """Pay everything out; what was given on top is lost."""
    body, books = call.item.body, chain.books
    assert isinstance(body, WalletClosed)
    receipt = once(chain, call, "close", "receipt.known")
    if isinstance(receipt, Answer):
        return receipt
    if receipt is None:
        if body.member not in chain.members:
            return no("member.unknown")
        member = chain.members[body.member]
        waits = held_back(chain, call, books.held(member.principal))
        if waits is not None:
            return waits
        told = {"closing": str(call.item.id)}
        told |= {"paid_out": books.held(member.principal), "forfeited": books.held(member.bonus)}  # type: ignore[dict-item]
        books.spend_lots(call.transfer("stored_value.paid_out"), member.principal, books.lots.get(member.principal, []))
        books.spend_lots(call.transfer("bonus.forfeited"), member.bonus, books.lots.get(member.bonus, []))
        receipt = keep(chain, call, Receipt(call.item.id, "close", member.id, body, call.at, told))
    return yes(**receipt.told, **purse(chain, chain.members[receipt.member]))


def split(order: str, amount: int, has_principal: int, has_bonus: int) -> dict[str, int]:
    """What an amount is taken from."""
    match order:
        case "bonus_first":
            principal = max(0, amount - has_bonus)
        case "principal_first":
            principal = min(amount, has_principal)
        case _:
            principal = amount * has_principal // (has_principal + has_bonus)
    return {"principal": principal, "bonus": amount - principal}


@does("payment.recorded")
def pay(chain: Chain, call: Call) -> Answer:
    """Pay with stored value."""
    body, books = call.item.body, chain.books
    assert isinstance(body, PaymentRecorded)
    receipt = once(chain, call, "payment", "payment.known")
    if isinstance(receipt, Answer):
        return receipt
    if receipt is None:
        refused = chain.refusal(body.member) or chain.currency_refusal(body.currency)
        if refused is not None:
            return no(refused)
        member, order = chain.members[body.member], chain.term("wallet", **POLICY)["order"]
        has_principal, has_bonus = (books.spendable(account) for account in (member.principal, member.bonus))
        short = body.amount - has_principal - has_bonus
        if short > 0:
            return no("stored_value.short", short=short)
        shares = split(order, body.amount, has_principal, has_bonus)
        principal, bonus = shares["principal"], shares["bonus"]
        oldest = sorted(books.lots.get(member.principal, []), key=lambda lot: lot.order)
        books.spend_from(call.transfer("stored_value.paid"), member.principal, principal, oldest)
        books.spend(call.transfer("bonus.paid"), member.bonus, bonus)
        told = {"payment": str(call.item.id), "from_principal": principal, "from_bonus": bonus, "order": order}
        made = Receipt(call.item.id, "payment", member.id, body, call.at, told, principal, bonus)
        receipt = keep(chain, call, made)
    return yes(**receipt.told, **purse(chain, chain.members[receipt.member]))


@does("payment.refunded")
def refund_payment(chain: Chain, call: Call) -> Answer:
    """Give back some of a payment, in the proportion in which it was paid."""
    body, books = call.item.body, chain.books
    assert isinstance(body, PaymentRefunded)
    receipt = once(chain, call, "payment_refund", "receipt.known")
    if isinstance(receipt, Answer):
        return receipt
    if receipt is None:
        paid = original(chain, call, "payment")
        if paid is None:
            return no("receipt.unknown")
        by_principal, by_bonus = part_id(paid.id, "stored_value.paid"), part_id(paid.id, "bonus.paid")
        left_principal, left_bonus = (sum(part for _lot, part in books.took[by]) for by in (by_principal, by_bonus))
        if body.amount > left_principal + left_bonus:
            return no("refund.too_much", left=left_principal + left_bonus)
        waits = held_back(chain, call, body.amount)
        if waits is not None:
            return waits
        whole = paid.principal + paid.bonus
        back_in_all = whole - left_principal - left_bonus + body.amount
        principal = back_in_all * paid.principal // whole - (paid.principal - left_principal)
        bonus, member = body.amount - principal, chain.members[paid.member]
        books.put_back(member.principal, by_principal, principal)
        books.put_back(member.bonus, by_bonus, bonus)
        expired = expire_at_once(chain, call.transfer("bonus.expired"), member.bonus, books.touched[by_bonus])
        told = {"refund": str(call.item.id), "to_principal": principal, "to_bonus": bonus, "expired": expired}
        receipt = keep(chain, call, Receipt(call.item.id, "payment_refund", member.id, body, call.at, told))
    return yes(**receipt.told, **purse(chain, chain.members[receipt.member]))
