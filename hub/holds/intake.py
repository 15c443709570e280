"""Booking of holds: value is set aside in accounts of the hold's own, then spent from there or given back.

What is held cannot be spent elsewhere, so a till that holds a price can be sure of it. Time frees it by itself.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows, update_rows
from hub.holds import pockets, queries
from hub.holds.models import Hold
from hub.holds.rules import HoldPolicy, HoldState, State
from hub.holds.service import (
    EXPIRED,
    MONEY,
    RELEASED,
    HoldCaptured,
    HoldExpired,
    HoldPlaced,
    HoldReleased,
    shown,
)
from hub.intake import Entry, Outcome, Work, applied, lacking, rejected
from hub.ledger.rules import Books, Context
from hub.points.rules import Refusal
from hub.points.service import POINTS, debt_account, points_account, recover
from hub.programme.service import Programme
from hub.stores.service import Places
from hub.tiers.service import Standings
from hub.wallet import queries as wallet_queries
from hub.wallet.models import WalletReceipt
from hub.wallet.receipts import Receipt, Receipts
from hub.wallet.service import BONUS, PRINCIPAL, policy
from protocol.errors import ErrorCode

PAYMENT = "payment"
"""Kind of the receipt that money captured from a hold gets, like every other payment."""


@dataclass(slots=True)
class Holds:
    """Part of a booking's working set: the holds that it names or places, and payments that were made from them."""

    known: dict[UUID, HoldState] = field(default_factory=dict)
    payments: list[Receipt] = field(default_factory=list)


class HoldIntake:
    """Handles `hold.placed`, `hold.captured`, `hold.released` and `hold.expired`."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Lock the holds that are named, and want the accounts behind these and the new ones."""
        known = work.part(Holds).known
        named = {_named(entry) for entry in entries if not isinstance(entry.item.body, HoldPlaced)}
        for row in queries.lock(session, named):
            hold = known[row.id] = HoldState(*row)
            _want(hold.id, hold.member, hold.book, work)
        for entry in entries:
            if isinstance(body := entry.item.body, HoldPlaced):
                _want(entry.item.id, body.member, body.book, work)
        numbers = {body.receipt for entry in entries if isinstance(body := entry.item.body, HoldCaptured)}
        for row in wallet_queries.receipts(session, numbers, ()) if numbers else ():
            receipt = Receipt(*row)
            work.part(Receipts).by_number[receipt.kind, receipt.store, receipt.number] = receipt

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Place a hold, or end one."""
        body = entry.item.body
        if isinstance(body, HoldPlaced):
            return _place(entry, body, work)
        hold = work.part(Holds).known.get(_named(entry))
        if hold is None:
            return rejected(ErrorCode.HOLD_UNKNOWN)
        at, store = entry.moment.effective_at, entry.caller.store
        match body:
            case HoldCaptured():
                refusal = hold.capture_refusal(body.amount, store, at) or _number_refusal(hold, body, work)
            case HoldReleased():
                refusal = hold.release_refusal(store)
            case _:
                refusal = hold.expiry_refusal(at)
        if refusal is not None:
            code, data = refusal
            return rejected(code, **data)
        return _end(entry, hold, work)

    def write(self, session: Session, work: Work, now: datetime) -> None:  # noqa: ARG002
        """Store new holds, and what became of others."""
        holds = work.part(Holds).known.values()
        insert_rows(
            session,
            Hold,
            (
                *("id", "member", "store", "book", "amount", "captured", "state", "actor"),
                *("placed_at", "deadline", "ended_at"),
            ),
            [_row(hold) for hold in holds if hold.is_new],
        )
        changed = [hold for hold in holds if hold.is_changed and not hold.is_new]
        rows = [(hold.id, hold.captured, hold.state.value, hold.ended_at) for hold in changed]
        update_rows(session, Hold, ("id",), ("captured", "state", "ended_at"), rows=rows)
        for receipt in work.part(Holds).payments:
            columns = asdict(receipt)
            session.add(WalletReceipt(receipt=columns.pop("number"), **columns))


def _named(entry: Entry) -> UUID:
    body = entry.item.body
    assert isinstance(body, HoldCaptured | HoldReleased | HoldExpired), "everything else places a hold"
    return body.hold


def _want(hold: UUID, member: UUID, book: str, work: Work) -> None:
    books = work.part(Books)
    work.part(Standings).wanted.add(member)
    books.want(points_account(member), lots=True)
    books.want(debt_account(member))
    for pocket in pockets.pockets_of(hold, member, book):
        books.want(pocket.home, lots=True)
        books.want(pocket.held, lots=True)


def _place(entry: Entry, body: HoldPlaced, work: Work) -> Outcome:
    terms, at = work.part(Programme).terms, entry.moment.effective_at
    minutes_max = terms.policy("holds", HoldPolicy).minutes_max
    if entry.caller.store not in work.part(Places).stores:
        return rejected(ErrorCode.STORE_UNKNOWN)
    refusal = work.part(Standings).refusal(body.member)
    if refusal is not None:
        return rejected(refusal)
    if body.minutes > minutes_max:
        return rejected(ErrorCode.HOLD_TOO_LONG, minutes=minutes_max)
    hold = HoldState(
        id=entry.item.id,
        member=body.member,
        store=entry.caller.store,
        book=body.book,
        amount=body.amount,
        captured=0,
        state=State.OPEN,
        actor=entry.caller.actor,
        placed_at=at,
        deadline=at + timedelta(minutes=body.minutes),
        ended_at=None,
        is_new=True,
    )
    short = pockets.set_aside(work.part(Books), _of_hold(entry, hold), hold, policy(terms).order)
    if short:
        if hold.book == POINTS:
            return lacking(hold.member, ErrorCode.POINTS_SHORT, short=short)
        return rejected(ErrorCode.STORED_VALUE_SHORT, short=short)
    return _done(hold, work)


def _end(entry: Entry, hold: HoldState, work: Work) -> Outcome:
    books, body, at = work.part(Books), entry.item.body, entry.moment.effective_at
    context = Context(entry.item.id, entry.caller.actor, at)
    back = pockets.give_back(books, _of_hold(entry, hold), hold, EXPIRED if isinstance(body, HoldExpired) else RELEASED)
    if isinstance(body, HoldCaptured):
        hold.end(State.CAPTURED, at, captured=body.amount)
        order = policy(work.part(Programme).terms).order
        cause = pockets.cause_of(hold) | {"receipt": body.receipt} | ({"order": order} if hold.book == MONEY else {})
        shares = pockets.spend(books, context, back, amount=body.amount, order=order, cause=cause)
        if hold.book == MONEY:
            _keep_receipt(entry, hold, shares, work)
    else:
        hold.end(State.RELEASED if isinstance(body, HoldReleased) else State.EXPIRED, at)
    pockets.expire(books, context, back)
    recover(books, context, hold.member, pockets.cause_of(hold))
    return _done(hold, work)


def _number_refusal(hold: HoldState, body: HoldCaptured, work: Work) -> Refusal | None:
    known = hold.book == MONEY and (PAYMENT, hold.store, body.receipt) in work.part(Receipts).by_number
    return (ErrorCode.PAYMENT_KNOWN, {}) if known else None


def _keep_receipt(entry: Entry, hold: HoldState, paid: Mapping[str, int], work: Work) -> None:
    """Keep a payment's receipt, so that the till's number counts once and the payment can be refunded."""
    body = entry.body(HoldCaptured)
    receipt = Receipt(
        id=entry.item.id,
        kind=PAYMENT,
        store=hold.store,
        number=body.receipt,
        member=hold.member,
        unit=work.part(Places).currency,
        amount=body.amount,
        principal=paid[PRINCIPAL],
        bonus=paid[BONUS],
        of=None,
        content=hashlib.sha256(msgspec.json.encode(body)).digest(),
        details={"order": policy(work.part(Programme).terms).order, "hold": str(hold.id)},
        actor=entry.caller.actor,
        at=entry.moment.effective_at,
    )
    work.part(Holds).payments.append(receipt)
    work.part(Receipts).by_number[PAYMENT, hold.store, body.receipt] = receipt


def _done(hold: HoldState, work: Work) -> Outcome:
    work.part(Holds).known[hold.id] = hold
    work.part(Books).touch(points_account(hold.member))
    return applied(**shown(hold))


def _of_hold(entry: Entry, hold: HoldState) -> Context:
    """What a hold sets aside and gives back is one fact, so that a statement shows by itself what was spent."""
    return Context(hold.id, entry.caller.actor, entry.moment.effective_at)


def _row(hold: HoldState) -> tuple[object, ...]:
    return (
        *(hold.id, hold.member, hold.store, hold.book, hold.amount, hold.captured, hold.state.value, hold.actor),
        *(hold.placed_at, hold.deadline, hold.ended_at),
    )
