"""Booking of payments with stored value, and of their refunds."""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from hub.approvals.service import held_back, paid_out_alone
from hub.intake import Entry, Outcome, Work, rejected
from hub.ledger.rules import Books, Posting
from hub.programme.service import Programme
from hub.stores.service import Places
from hub.tiers.service import Standings
from hub.wallet.receipts import (
    Act,
    Moved,
    Posted,
    PostedRefund,
    Receipt,
    ReceiptIntake,
    Receipts,
    cause_of,
    context_of,
    move_lots,
)
from hub.wallet.rules import Split, given_back
from hub.wallet.service import (
    BONUS_FORFEITED,
    PAID,
    PAID_BY_BONUS,
    SPENT,
    bonus_account,
    figures,
    policy,
    principal_account,
    split,
    want_wallet,
)
from protocol.errors import ErrorCode
from protocol.ids import part_id
from protocol.values import Currency

Amount = Annotated[int, Meta(gt=0)]


class PaymentRecorded(Posted, frozen=True):
    """A member pays with stored value."""

    member: UUID
    currency: Currency
    amount: Amount


class PaymentRefunded(PostedRefund, frozen=True):
    """Some of a payment is given back."""

    amount: Amount


class Payment:
    """Handles `payment.recorded`."""

    kind, known = "payment", ErrorCode.PAYMENT_KNOWN

    def want(self, entry: Entry, work: Work) -> None:
        """Want the member's stored value."""
        member = entry.body(PaymentRecorded).member
        work.part(Standings).wanted.add(member)
        want_wallet(work.part(Books), member)

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Take the money in the order that the policy says; all of it or nothing."""
        body, books = entry.body(PaymentRecorded), work.part(Books)
        refusal = _refusal(body.member, body.currency, work)
        if refusal is not None:
            return rejected(refusal)
        rules = policy(work.part(Programme).terms)
        shares = dict(split(books, body.member, body.amount, at=entry.moment.effective_at, policy=rules))
        if sum(shares.values()) < body.amount:
            return rejected(ErrorCode.STORED_VALUE_SHORT, short=body.amount - sum(shares.values()))
        principal, bonus = principal_account(body.member), bonus_account(body.member)
        paid, cause = Split(shares.get(principal, 0), shares.get(bonus, 0)), cause_of(entry, order=rules.order)
        postings = []
        if paid.principal:
            postings.append(Posting(PAID, principal, SPENT, paid.principal, cause))
        if paid.bonus:
            postings.append(Posting(PAID_BY_BONUS, bonus, SPENT, paid.bonus, cause))
        short = books.post(context_of(entry), postings)
        assert short is None, "no more is taken than can be spent"
        return Moved(body.member, body.currency, paid.total, paid.principal, paid.bonus, {"order": rules.order})

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:
        """What it was paid from, and what is left."""
        taken = {"from_principal": receipt.principal, "from_bonus": receipt.bonus, "order": receipt.details["order"]}
        return {"payment": str(receipt.id)} | taken | figures(work.part(Books), receipt.member)


class PaymentRefund:
    """Handles `payment.refunded`: principal and bonus come back in the proportion they were taken, into their lots."""

    kind, known = "payment_refund", ErrorCode.RECEIPT_KNOWN

    def want(self, entry: Entry, work: Work) -> None:
        """Want what the payment took."""
        payment, books = work.part(Receipts).original(entry, Payment.kind), work.part(Books)
        if payment is not None:
            want_wallet(books, payment.member)
            for kind in (PAID, PAID_BY_BONUS):
                books.want_original(part_id(payment.id, kind))

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Give back, unless that were more in all than was paid. Bonus that has expired meanwhile expires at once."""
        payment, books = work.part(Receipts).original(entry, Payment.kind), work.part(Books)
        if payment is None:
            return rejected(ErrorCode.RECEIPT_UNKNOWN)
        body, cause = entry.body(PaymentRefunded), cause_of(entry, payment=str(payment.id))
        by_principal, by_bonus = part_id(payment.id, PAID), part_id(payment.id, PAID_BY_BONUS)
        left = Split(*(sum(books.taken.get(paid, {}).values()) for paid in (by_principal, by_bonus)))
        if body.amount > left.total:
            return rejected(ErrorCode.REFUND_TOO_MUCH, left=left.total)
        waits = held_back(entry, payment.member, body.amount, work, alone_max=paid_out_alone(entry, work))
        if waits is not None:
            return waits
        back = given_back(Split(payment.principal, payment.bonus), left, body.amount)
        postings = [
            Posting(kind, SPENT, account, amount, cause, reverses=paid, restores=True)
            for kind, account, amount, paid in (
                ("stored_value.refunded", principal_account(payment.member), back.principal, by_principal),
                ("bonus.refunded", bonus_account(payment.member), back.bonus, by_bonus),
            )
            if amount
        ]
        short = books.post(context_of(entry), postings)
        assert short is None, "the programme's own accounts are never short"
        lots = [books.lots[lot] for lot in books.taken.get(by_bonus, {})]
        over = [lot for lot in lots if lot.is_expired(entry.moment.effective_at)]
        expired = move_lots(entry, ("bonus.expired", bonus_account(payment.member), BONUS_FORFEITED), over, work)
        return Moved(payment.member, payment.unit, back.total, back.principal, back.bonus, {"expired": expired})

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:
        """What came back, and what there is now."""
        back = {"to_principal": receipt.principal, "to_bonus": receipt.bonus, "expired": receipt.details["expired"]}
        return {"refund": str(receipt.id)} | back | figures(work.part(Books), receipt.member)


def payment_intake() -> ReceiptIntake:
    """Handles payments and their refunds."""
    acts: dict[str, Act] = {"payment.recorded": Payment(), "payment.refunded": PaymentRefund()}
    return ReceiptIntake(acts)


def _refusal(member: UUID, currency: str, work: Work) -> ErrorCode | None:
    refusal = work.part(Standings).refusal(member)
    if refusal is None and currency != work.part(Places).currency:
        return ErrorCode.CURRENCY_UNKNOWN
    return refusal
