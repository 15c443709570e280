"""Booking of purchases: each counts once, earns points by the rules in force, and may lift the member's tier.

A purchase comes from a till, from a kiosk that may record some, or from the code that a till signed on its receipt.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.db.driver import pipelined
from hub.intake import Entry, Outcome, Work, applied, lacking, rejected
from hub.ledger.rules import Books, Context, Posting
from hub.points.earning import explained, qualifying_explained
from hub.points.service import (
    ISSUED,
    PAID_WITH_POINTS,
    QUALIFYING_ISSUED,
    debt_account,
    points_account,
    qualifying_account,
    recover,
)
from hub.programme.service import Programme, Terms
from hub.purchases import queries, receipts
from hub.purchases.checkout import Checkout, Offer, basket_of, check_out, points_paid, refusal
from hub.purchases.models import Purchase, PurchaseLine
from hub.purchases.receipts import Tills
from hub.stores.service import Places
from hub.tiers.service import Standings
from protocol.errors import ErrorCode
from protocol.events import PurchaseRecorded, ReceiptScanned

_json = msgspec.json.Encoder().encode


class Known(Struct, frozen=True, gc=False):
    """A purchase that this receipt number already stands for, and the sums that its caller is told."""

    id: UUID
    content: bytes
    figures: dict[str, int]


class Sale(Struct, frozen=True, gc=False):
    """A purchase that this booking takes."""

    entry: Entry
    body: PurchaseRecorded
    content: bytes
    checkout: Checkout


@dataclass(slots=True)
class Sales:
    """Part of a booking's working set: receipts that are known, and purchases that are new."""

    known: dict[tuple[str, str], Known] = field(default_factory=dict)
    new: list[Sale] = field(default_factory=list)


class PurchaseIntake:
    """Handles `purchase.recorded`, from a till and from a kiosk alike, and `receipt.scanned`."""

    def __init__(self) -> None:
        # One value, so that whoever books at the same time sees terms and offer change together.
        self._latest: tuple[Terms, Offer] = (Terms(), Offer())

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Find receipts that are known, and want the members' accounts and whatever caps and budgets may count."""
        books, standings = work.part(Books), work.part(Standings)
        bodies = [body for entry in entries if (body := receipts.bought(entry.item.body)) is not None]
        debts = {debt_account(body.member) for body in bodies}
        books.wanted.accounts |= debts
        for body in bodies:
            standings.wanted.add(body.member)
            books.want(points_account(body.member), lots=points_paid(body) > 0)
            books.want(qualifying_account(body.member))
        with pipelined(session):
            in_debt = queries.ask_owners_in_debt(session, debts)
            numbers = queries.ask_known(session, {body.receipt for body in bodies})
            tills = receipts.ask(session, [entry.item.body for entry in entries], work.part(Tills))
        # Lots are many and are needed for spending only, so they are loaded for those who pay with points or owe some.
        for member in in_debt.answer():
            books.want(points_account(member), lots=True)
        known = work.part(Sales).known
        tills.answer()
        for row in numbers.answer():
            figures = {"points": row.points, "points_paid": row.points_paid, "value_paid": row.value_paid}
            known[row.store, row.receipt] = Known(row.id, row.content, figures)
        self._want_tallies(entries, work)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Count a new receipt; answer a repeated one as the first time; refuse a contradictory one."""
        body = receipts.bought(entry.item.body)
        refused = ErrorCode.RECEIPT_INVALID if body is None else self._refusal(entry, body, work)
        if body is None or refused is not None:
            return rejected(refused or ErrorCode.RECEIPT_INVALID)
        sales, content = work.part(Sales), _content(body)
        receipt = (entry.caller.store, body.receipt)
        if receipt not in sales.known:
            sale = self._sell(entry, body, content, work)
            if isinstance(sale, Outcome):
                return sale
            sales.known[receipt] = Known(entry.item.id, content, sale.checkout.figures())
            sales.new.append(sale)
        known = sales.known[receipt]
        if known.content != content:
            return rejected(ErrorCode.PURCHASE_KNOWN)
        return applied(
            purchase=str(known.id),
            **known.figures,
            balance=work.part(Books).held(points_account(body.member)),
            tier=work.part(Standings).members[body.member].tier,
            booked_at=entry.moment.received_at.isoformat(),
        )

    def write(self, session: Session, work: Work, now: datetime) -> None:  # noqa: ARG002
        """Store new purchases and their lines."""
        sales = work.part(Sales).new
        insert_rows(
            session,
            Purchase,
            (
                *("id", "store", "receipt", "member", "currency", "amount", "points", "points_paid", "value_paid"),
                *("content", "purchased_at", "actor"),
            ),
            [_purchase_row(sale) for sale in sales],
        )
        insert_rows(
            session,
            PurchaseLine,
            (
                *("purchase", "line", "product", "category", "name", "quantity", "amount"),
                *("points", "qualifying", "points_paid", "value_paid"),
            ),
            [row for sale in sales for row in _line_rows(sale)],
        )

    def _offer(self, work: Work) -> Offer:
        terms, (known, offer) = work.part(Programme).terms, self._latest
        if terms is not known:
            offer = Offer.of(terms)
            self._latest = (terms, offer)
        return offer

    def _want_tallies(self, entries: Sequence[Entry], work: Work) -> None:
        rules, books, zone = self._offer(work).rules, work.part(Books), work.part(Places).zone
        if not rules.counted:
            return
        for entry in entries:
            at, standings = entry.moment.effective_at.astimezone(zone), work.part(Standings)
            body = receipts.bought(entry.item.body)
            if body is None:
                continue
            basket = basket_of(body, entry.caller.store, at, standings)
            for tally in rules.tallies(basket):
                books.want_tally(tally)

    def _refusal(self, entry: Entry, body: PurchaseRecorded, work: Work) -> ErrorCode | None:
        places, store = work.part(Places), entry.caller.store
        if isinstance(entry.item.body, ReceiptScanned):
            if not work.part(Tills).vouch(entry.item.body.code, store):
                return ErrorCode.RECEIPT_INVALID
        elif entry.caller.kiosk is not None and not places.stores.get(store, True):
            return ErrorCode.PURCHASE_NOT_HERE
        return refusal(body, store, places, work.part(Standings))

    def _sell(self, entry: Entry, body: PurchaseRecorded, content: bytes, work: Work) -> Sale | Outcome:
        books, standings, offer = work.part(Books), work.part(Standings), self._offer(work)
        moment = entry.moment.effective_at
        at = moment.astimezone(work.part(Places).zone)
        basket = basket_of(body, entry.caller.store, at, standings)
        checkout = check_out(basket, points_paid(body), offer, books.room)
        if not isinstance(checkout, Checkout):
            code, data = checkout
            return rejected(code, **data)
        context = Context(entry.item.id, entry.caller.actor, moment)
        short = books.post(context, _postings(checkout, offer))
        if short is not None:
            return lacking(body.member, ErrorCode.POINTS_SHORT, short=short.short)
        for tally, amount in checkout.earned.counts():
            books.count(tally, amount)
        _recover(books, context, body.member)
        member, qualifying = standings.members[body.member], books.held(qualifying_account(body.member))
        standings.qualify(member, qualifying, (entry.item.id, entry.caller.actor, moment))
        return Sale(entry, body, content, checkout)


def _content(body: PurchaseRecorded) -> bytes:
    bought: tuple[Any, ...] = (body.member, body.currency, body.lines)
    paid = points_paid(body)
    return hashlib.sha256(_json((*bought, paid) if paid else bought)).digest()


def _postings(checkout: Checkout, offer: Offer) -> list[Posting]:
    basket, earned, account = checkout.basket, checkout.earned, points_account(checkout.basket.member)
    postings = []
    if paid := checkout.points_paid:
        cause = {"rule": "cash", "version": offer.cash_version, "value": checkout.value_paid}
        postings.append(Posting("points.paid", account, PAID_WITH_POINTS, paid, cause))
    if points := sum(earned.points):
        cause, grant = explained(earned, basket), offer.grant(basket.at)
        postings.append(Posting("points.earned", ISSUED, account, points, cause, grant))
    if points := sum(earned.qualifying):
        cause, account = qualifying_explained(earned, basket), qualifying_account(basket.member)
        postings.append(Posting("qualifying.earned", QUALIFYING_ISSUED, account, points, cause))
    return postings


def _recover(books: Books, context: Context, member: UUID) -> None:
    """Pay what the member owes. A debt that came up since the members in debt were looked for waits for next time."""
    if books.held(debt_account(member)) and books.accounts[points_account(member)].lots is not None:
        recover(books, context, member, {"purchase": str(context.fact)})


def _purchase_row(sale: Sale) -> tuple[object, ...]:
    body, entry, figures = sale.body, sale.entry, sale.checkout.figures()
    return (
        *(entry.item.id, entry.caller.store, body.receipt, body.member, body.currency),
        sum(line.amount for line in body.lines),
        *(figures["points"], figures["points_paid"], figures["value_paid"]),
        *(sale.content, body.purchased_at, entry.caller.actor),
    )


def _line_rows(sale: Sale) -> list[tuple[object, ...]]:
    earned, payment = sale.checkout.earned, sale.checkout.payment
    shares = zip(earned.points, earned.qualifying, payment.points, payment.values, strict=True)
    return [
        (
            *(sale.entry.item.id, number, line.product, line.category, line.name or ""),
            *(line.quantity, line.amount, *figures),
        )
        for number, (line, figures) in enumerate(zip(sale.body.lines, shares, strict=True), 1)
    ]
