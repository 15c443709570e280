"""Booking of purchases: each counts once, earns points by the rate in force, and may lift the member's tier."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.bulk import among, insert_rows
from hub.intake import Entry, Outcome, Work, applied, rejected
from hub.ledger.rules import Books, Context, Posting, Validity
from hub.points.rules import BASE, Rate, expiry_of, points_per_line
from hub.points.service import ISSUED, QUALIFYING_ISSUED, Rates, points_account, qualifying_account
from hub.purchases.models import Purchase, PurchaseLine
from hub.stores.service import Places
from hub.tiers.service import MemberState, Standings
from protocol.errors import ErrorCode
from protocol.events import PurchaseRecorded


@dataclass(frozen=True, slots=True)
class Known:
    """A purchase that this receipt number already stands for."""

    id: UUID
    content: bytes
    points: int


@dataclass(frozen=True, slots=True)
class Sale:
    """A purchase that this booking takes."""

    entry: Entry
    body: PurchaseRecorded
    content: bytes
    line_points: tuple[int, ...]

    @property
    def amount(self) -> int:
        """What was paid, in minor units."""
        return sum(line.amount for line in self.body.lines)


@dataclass(slots=True)
class Sales:
    """Part of a booking's working set: receipts that are known, and purchases that are new."""

    known: dict[tuple[str, str], Known] = field(default_factory=dict)
    new: list[Sale] = field(default_factory=list)


class PurchaseIntake:
    """Handles `purchase.recorded`, from a till and from a kiosk alike."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Find receipts that are known, and want the members' accounts."""
        books, standings = work.part(Books), work.part(Standings)
        receipts = set()
        for entry in entries:
            body = entry.body(PurchaseRecorded)
            receipts.add(body.receipt)
            standings.wanted.add(body.member)
            books.want(points_account(body.member))
            books.want(qualifying_account(body.member))
        columns = (Purchase.store, Purchase.receipt, Purchase.id, Purchase.content, Purchase.points)
        query = select(*columns).where(among(session, Purchase.receipt, receipts))
        known = work.part(Sales).known
        for row in session.execute(query):
            known[row.store, row.receipt] = Known(row.id, row.content, row.points)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Count a new receipt; answer a repeated one as the first time; refuse a contradictory one."""
        body = entry.body(PurchaseRecorded)
        refusal = self._refusal(entry, body, work)
        if refusal is not None:
            return rejected(refusal)
        content = hashlib.sha256(msgspec.json.encode((body.member, body.currency, body.lines))).digest()
        sales = work.part(Sales)
        receipt = (entry.caller.store, body.receipt)
        known = sales.known.get(receipt)
        if known is None:
            member = work.part(Standings).members[body.member]
            sale = self._sell(entry, body, content=content, member=member, work=work)
            known = sales.known[receipt] = Known(entry.item.id, content, sum(sale.line_points))
            sales.new.append(sale)
        elif known.content != content:
            return rejected(ErrorCode.PURCHASE_KNOWN)
        books, at = work.part(Books), entry.moment.received_at
        return applied(
            purchase=str(known.id),
            points=known.points,
            balance=books.accounts[points_account(body.member)].balance,
            tier=work.part(Standings).members[body.member].tier,
            booked_at=at.isoformat(),
        )

    def write(self, session: Session, work: Work, now: datetime) -> None:  # noqa: ARG002
        """Store new purchases and their lines."""
        sales = work.part(Sales).new
        insert_rows(
            session,
            Purchase,
            (
                "id",
                "store",
                "receipt",
                "member",
                "currency",
                "amount",
                "points",
                "content",
                "purchased_at",
                "actor",
            ),
            [_purchase_row(sale) for sale in sales],
        )
        insert_rows(
            session,
            PurchaseLine,
            ("purchase", "line", "product", "category", "name", "quantity", "amount", "points"),
            [row for sale in sales for row in _line_rows(sale)],
        )

    def _refusal(self, entry: Entry, body: PurchaseRecorded, work: Work) -> ErrorCode | None:
        member = work.part(Standings).members.get(body.member)
        places = work.part(Places)
        if entry.caller.store not in places.stores:
            return ErrorCode.STORE_UNKNOWN
        if entry.caller.kiosk is not None and not places.stores[entry.caller.store]:
            return ErrorCode.PURCHASE_NOT_HERE
        if member is None:
            return ErrorCode.MEMBER_UNKNOWN
        if not member.is_active:
            return ErrorCode.MEMBER_BLOCKED
        if body.currency != places.currency:
            return ErrorCode.CURRENCY_UNKNOWN
        return None

    def _sell(self, entry: Entry, body: PurchaseRecorded, *, content: bytes, member: MemberState, work: Work) -> Sale:
        rate, standings = work.part(Rates).now, work.part(Standings)
        assert rate is not None, "the rate is loaded with every booking"
        amounts = [line.amount for line in body.lines]
        multiplier = standings.multiplier(member.tier)
        sale = Sale(entry, body, content, tuple(points_per_line(rate, multiplier, amounts)))
        base = sum(points_per_line(rate, BASE, amounts))
        self._earn(sale, rate, (multiplier, base), work)
        qualifying = work.part(Books).accounts[qualifying_account(body.member)].balance
        standings.qualify(member, qualifying, (entry.item.id, entry.caller.actor, entry.moment.effective_at))
        return sale

    def _earn(self, sale: Sale, rate: Rate, terms: tuple[int, int], work: Work) -> None:
        multiplier, base = terms
        at, member = sale.entry.moment.effective_at, sale.body.member
        context = Context(sale.entry.item.id, sale.entry.caller.actor, at)
        cause = {"rule": "earning", "version": rate.version, "multiplier": multiplier}
        validity = Validity(at, expiry_of(rate, at))
        postings = []
        if sum(sale.line_points) > 0:
            earned = sum(sale.line_points)
            postings.append(Posting("points.earned", ISSUED, points_account(member), earned, cause, validity))
        if base > 0:
            account = qualifying_account(member)
            postings.append(Posting("qualifying.earned", QUALIFYING_ISSUED, account, base, cause))
        short = work.part(Books).post(context, postings)
        assert short is None, "the programme's own accounts are never short"


def _purchase_row(sale: Sale) -> tuple[object, ...]:
    body, entry = sale.body, sale.entry
    return (
        entry.item.id,
        entry.caller.store,
        body.receipt,
        body.member,
        body.currency,
        sale.amount,
        sum(sale.line_points),
        sale.content,
        body.purchased_at,
        entry.caller.actor,
    )


def _line_rows(sale: Sale) -> list[tuple[object, ...]]:
    return [
        (
            sale.entry.item.id,
            number,
            line.product,
            line.category,
            line.name or "",
            line.quantity,
            line.amount,
            points,
        )
        for number, (line, points) in enumerate(zip(sale.body.lines, sale.line_points, strict=True), 1)
    ]
