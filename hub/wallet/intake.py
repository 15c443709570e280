"""Booking of stored value: top-ups with their gifts, and everything that pays money out again."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta

from hub.approvals.service import held_back, paid_out_alone
from hub.intake import Entry, Outcome, Work, rejected
from hub.ledger.rules import VALUE_SCALE, Books, Grant, Posting
from hub.points.rules import CashPolicy, ExpiryPolicy, grant_of
from hub.points.service import ISSUED, debt_account, owe, points_account, recover
from hub.programme.service import Programme, Version
from hub.stores.service import Places
from hub.tiers.service import Standings
from hub.wallet import gifts
from hub.wallet.receipts import (
    Act,
    Explained,
    Moved,
    Posted,
    PostedRefund,
    Receipt,
    ReceiptIntake,
    Receipts,
    cause_of,
    context_of,
)
from hub.wallet.rules import Gift, Jurisdiction, Split, gift_grant
from hub.wallet.service import (
    BONUS_FORFEITED,
    BONUS_ISSUED,
    PAID_IN,
    PAID_OUT,
    bonus_account,
    figures,
    held,
    open_bonus,
    open_principal,
    policy,
    principal_account,
    want_wallet,
)
from protocol.errors import ErrorCode
from protocol.ids import part_id
from protocol.values import Currency

TOPPED_UP, GIVEN, POINTS_GIVEN = "stored_value.topped_up", "bonus.given", "points.earned"

Amount = Annotated[int, Meta(gt=0)]


class TopUpRecorded(Posted, frozen=True):
    """A member has paid money in."""

    member: UUID
    currency: Currency
    amount: Amount


class TopUpRefunded(PostedRefund, frozen=True):
    """What remains of a top-up is paid out."""


class WalletClosed(Explained, frozen=True):
    """All of a member's principal is paid out, and the bonus is lost."""

    member: UUID


class TopUp:
    """Handles `top_up.recorded`: the money, and the one gift that counts for it."""

    kind, known = "top_up", ErrorCode.TOP_UP_KNOWN

    def want(self, entry: Entry, work: Work) -> None:
        """Want the member's accounts, and the tallies of the gifts that may be given."""
        body, books = entry.body(TopUpRecorded), work.part(Books)
        work.part(Standings).wanted.add(body.member)
        offered = _offered(entry, body, work)
        # What a member owes is paid from points that are given here, so those lots are needed then.
        books.want(points_account(body.member), lots=any(rule.document.points for rule in offered))
        for account in (principal_account(body.member), bonus_account(body.member), debt_account(body.member)):
            books.want(account)
        for rule in offered:
            for tally, _limit in gifts.limits(rule, body.member):
                books.want_tally(tally)

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Add the money and the gift, unless the member, the currency or the law forbids it."""
        body, books = entry.body(TopUpRecorded), work.part(Books)
        refusal = _refusal(body.member, body.currency, work)
        if refusal is not None:
            return rejected(refusal)
        member = work.part(Standings).members[body.member]
        rules = [rule for rule in _offered(entry, body, work) if rule.document.is_for(member.tier)]
        gift = gifts.choose(rules, body.member, body.amount, books) or Gift("", 0, 0, 0)
        law, after = _law(entry, work), held(books, body.member).total + body.amount + gift.money
        refusal = law.refusal(body.amount, after, identified=member.is_identified)
        if refusal is not None:
            return rejected(refusal, max=law.balance_max(identified=member.is_identified), top_up_max=law.top_up_max)
        _top_up(entry, body, gift, work)
        details = {"rule": gift.rule, "version": gift.version, "points": gift.points} if gift.rule else {}
        return Moved(body.member, body.currency, body.amount, body.amount, gift.money, details)

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:
        """New balances, and the gift."""
        balance = work.part(Books).held(points_account(receipt.member))
        given = {"gift": receipt.bonus, "points": receipt.details.get("points", 0), "balance": balance}
        return {"top_up": str(receipt.id)} | figures(work.part(Books), receipt.member) | given


def _offered(entry: Entry, body: TopUpRecorded, work: Work) -> list[Version]:
    terms = work.part(Programme).terms
    return gifts.offered(terms, body.amount, entry.caller.store, entry.moment.effective_at)


def _law(entry: Entry, work: Work) -> Jurisdiction:
    place = work.part(Places).jurisdictions[entry.caller.store]
    law = work.part(Programme).terms.one("jurisdiction", place, Jurisdiction)
    document: Jurisdiction = law.document if law is not None else Jurisdiction()
    return document


def _top_up(entry: Entry, body: TopUpRecorded, gift: Gift, work: Work) -> None:
    books, terms, at = work.part(Books), work.part(Programme).terms, entry.moment.effective_at
    local = at.astimezone(work.part(Places).zone)
    principal = open_principal(books, body.member, body.currency)
    paid_in = Grant("top_up", at, None, VALUE_SCALE)
    postings = [Posting(TOPPED_UP, PAID_IN, principal, body.amount, cause_of(entry), paid_in)]
    cause = cause_of(entry, rule=gift.rule, version=gift.version)
    if gift.money:
        given = gift_grant(policy(terms), local)
        bonus = open_bonus(books, body.member, body.currency)
        postings.append(Posting(GIVEN, BONUS_ISSUED, bonus, gift.money, cause, given))
        gifts.count(gifts.rule_of(terms, gift.rule), body.member, gift.money, books)
    if gift.points:
        worth = terms.policy("cash", CashPolicy).value_of(VALUE_SCALE)
        earned = grant_of("top_up", terms.policy("expiry", ExpiryPolicy), local, worth)
        postings.append(Posting(POINTS_GIVEN, ISSUED, points_account(body.member), gift.points, cause, earned))
    short = books.post(context_of(entry), postings)
    assert short is None, "the programme's own accounts are never short"
    if gift.points:
        recover(books, context_of(entry), body.member, cause)


class TopUpRefund:
    """Handles `top_up.refunded`: undoes the gift first, then pays out what remains of the money.

    What remains of the gift is lost. What was used of it has paid for goods, and is now paid for with the member's
    money: it is taken off what is paid out. Points that came with it are taken back; those that were spent are owed.
    """

    kind, known = "top_up_refund", ErrorCode.RECEIPT_KNOWN

    def want(self, entry: Entry, work: Work) -> None:
        """Want the lots of the top-up, and the tallies its gift was counted on."""
        top_up, books = work.part(Receipts).original(entry, TopUp.kind), work.part(Books)
        if top_up is None:
            return
        want_wallet(books, top_up.member)
        for kind in (TOPPED_UP, GIVEN, POINTS_GIVEN):
            books.want_lot(_lot(top_up, kind))
        if top_up.details.get("points"):
            books.want(points_account(top_up.member), lots=True)
            books.want(debt_account(top_up.member))
        rule = gifts.rule_of(work.part(Programme).terms, top_up.details.get("rule", ""))
        for tally, _limit in gifts.limits(rule, top_up.member) if rule else ():
            books.want_tally(tally)

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Pay out, unless it is too late, was done before, or nothing is left."""
        receipts, books, terms = work.part(Receipts), work.part(Books), work.part(Programme).terms
        top_up = receipts.original(entry, TopUp.kind)
        if top_up is None:
            return rejected(ErrorCode.RECEIPT_UNKNOWN)
        if entry.moment.effective_at > top_up.at + timedelta(days=policy(terms).refund_days):
            return rejected(ErrorCode.REFUND_TOO_LATE)
        left = books.lots[_lot(top_up, TOPPED_UP)].remaining
        gift_left = books.lots[_lot(top_up, GIVEN)].remaining if top_up.bonus else 0
        gift_used = top_up.bonus - gift_left
        if left <= gift_used or (top_up.id, self.kind) in receipts.refunded:
            return rejected(ErrorCode.REFUND_NOTHING)
        waits = held_back(entry, top_up.member, left - gift_used, work, alone_max=paid_out_alone(entry, work))
        if waits is not None:
            return waits
        self._undo(entry, top_up, Split(left - gift_used, gift_left), work)
        gifts.count(gifts.rule_of(terms, top_up.details.get("rule", "")), top_up.member, -top_up.bonus, books)
        details = {"used": gift_used, "points": top_up.details.get("points", 0)}
        return Moved(top_up.member, top_up.unit, left - gift_used, left, gift_left, details)

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:
        """What is paid out, and what is left."""
        undone = {"paid_out": receipt.amount, "forfeited": receipt.bonus, "gift_used": receipt.details["used"]}
        return {"refund": str(receipt.id)} | undone | figures(work.part(Books), receipt.member)

    def _undo(self, entry: Entry, top_up: Receipt, out: Split, work: Work) -> None:
        books, cause, lot = work.part(Books), cause_of(entry, top_up=str(top_up.id)), _lot(top_up, TOPPED_UP)
        principal, bonus = principal_account(top_up.member), bonus_account(top_up.member)
        paid_in, given = part_id(top_up.id, TOPPED_UP), part_id(top_up.id, GIVEN)
        named = (lot,)
        postings = [
            Posting("stored_value.paid_out", principal, PAID_OUT, out.principal, cause, lots=named, reverses=paid_in)
        ]
        used = books.lots[lot].remaining - out.principal
        if used:
            postings.append(Posting("bonus.paid_for", principal, BONUS_ISSUED, used, cause, lots=named, reverses=given))
        if out.bonus:
            gift = (_lot(top_up, GIVEN),)
            postings.append(
                Posting("bonus.forfeited", bonus, BONUS_FORFEITED, out.bonus, cause, lots=gift, reverses=given)
            )
        short = books.post(context_of(entry), postings)
        assert short is None, "the lots hold what remains of them"
        if top_up.details.get("points"):
            _take_points(entry, top_up, cause, work)


def _take_points(entry: Entry, top_up: Receipt, cause: dict[str, Any], work: Work) -> None:
    books, given = work.part(Books), top_up.details["points"]
    lot = books.lots[_lot(top_up, POINTS_GIVEN)]
    postings, left = [], lot.remaining
    if left:
        account, earned = points_account(top_up.member), part_id(top_up.id, POINTS_GIVEN)
        postings.append(Posting("points.taken_back", account, ISSUED, left, cause, lots=(lot.id,), reverses=earned))
    if given > left:
        postings.append(owe(books, top_up.member, given - left, cause))
    short = books.post(context_of(entry), postings)
    assert short is None, "the lot holds what remains of it"
    recover(books, context_of(entry), top_up.member, cause)


def _lot(top_up: Receipt, kind: str) -> UUID:
    return part_id(part_id(top_up.id, kind), "lot")


class Close:
    """Handles `wallet.closed`."""

    kind, known = "close", ErrorCode.RECEIPT_KNOWN

    def want(self, entry: Entry, work: Work) -> None:
        """Want the member's stored value."""
        member = entry.body(WalletClosed).member
        work.part(Standings).wanted.add(member)
        want_wallet(work.part(Books), member)

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Pay the principal out and take the bonus away. Counts stay, and the member may top up again."""
        member, books = entry.body(WalletClosed).member, work.part(Books)
        if member not in work.part(Standings).members:
            return rejected(ErrorCode.MEMBER_UNKNOWN)
        has, cause = held(books, member), cause_of(entry)
        waits = held_back(entry, member, has.principal, work, alone_max=paid_out_alone(entry, work))
        if waits is not None:
            return waits
        postings = [
            Posting(kind, account, to, amount, cause, is_set_aside=True)
            for kind, account, to, amount in (
                ("stored_value.paid_out", principal_account(member), PAID_OUT, has.principal),
                ("bonus.forfeited", bonus_account(member), BONUS_FORFEITED, has.bonus),
            )
            if amount
        ]
        short = books.post(context_of(entry), postings)
        assert short is None, "an account holds its balance"
        return Moved(member, work.part(Places).currency, has.principal, has.principal, has.bonus)

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:
        """What is paid out and what is lost."""
        gone = {"paid_out": receipt.principal, "forfeited": receipt.bonus}
        return {"closing": str(receipt.id)} | gone | figures(work.part(Books), receipt.member)


def wallet_intake() -> ReceiptIntake:
    """Handles top-ups, their refunds and closing."""
    acts: dict[str, Act] = {
        "top_up.recorded": TopUp(),
        "top_up.refunded": TopUpRefund(),
        "wallet.closed": Close(),
    }
    return ReceiptIntake(acts)


def _refusal(member: UUID, currency: str, work: Work) -> ErrorCode | None:
    refusal = work.part(Standings).refusal(member)
    if refusal is None and currency != work.part(Places).currency:
        return ErrorCode.CURRENCY_UNKNOWN
    return refusal
