"""Booking of returns: goods that come back take their points along, and give back points that were paid for them."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import msgspec
from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.intake import Entry, Outcome, Verdict, Work, applied, lacking, rejected, waiting
from hub.leases import recalls
from hub.ledger.rules import Books, Context
from hub.points.service import debt_account, points_account, qualifying_account
from hub.programme.service import Programme
from hub.returns import queries
from hub.returns.models import Return, ReturnLine
from hub.returns.rules import Due, Figures, LineState, ReturnPolicy, SaleState
from hub.returns.settling import Settling, expired_of
from hub.stores.service import Places
from protocol.errors import ErrorCode
from protocol.limits import PURCHASE_MAX_LINES
from protocol.values import Count, Minor, Text, Token
from protocol.values import Sequence as Place


class LineReturned(Struct, frozen=True):
    """What comes back of one line of the purchase; `amount` is the money for it, points paid like cash among it."""

    line: Place
    quantity: Count
    amount: Minor


class PurchaseReturned(Struct, frozen=True):
    """Goods have come back. The purchase is named by its id, or by the store and the receipt that it was sold with."""

    receipt: Token
    lines: Annotated[list[LineReturned], Meta(min_length=1, max_length=PURCHASE_MAX_LINES)]
    purchase: UUID | None = None
    sold_in: str = ""
    sold_as: str = ""
    reason: Text = ""


@dataclass(frozen=True, slots=True)
class Taken:
    """What a return did, now or the first time."""

    id: UUID
    purchase: UUID
    content: bytes
    figures: Figures


@dataclass(frozen=True, slots=True)
class NewReturn:
    """A return that this booking takes."""

    entry: Entry
    sale: SaleState
    dues: dict[int, Due]
    taken: Taken


@dataclass(slots=True)
class Returns:
    """Part of a booking's working set: the purchases that goods come back of, and returns, known and new.

    `near` is how many points of members lie at kiosks that would give them back at once.
    """

    sales: dict[UUID, SaleState] = field(default_factory=dict)
    sold: dict[tuple[str, str], UUID] = field(default_factory=dict)
    known: dict[tuple[str, str], Taken] = field(default_factory=dict)
    new: list[NewReturn] = field(default_factory=list)
    near: dict[UUID, int] = field(default_factory=dict)

    def sale_of(self, body: PurchaseReturned) -> SaleState | None:
        """The purchase that a return names."""
        purchase = body.purchase or self.sold.get((body.sold_in, body.sold_as))
        return None if purchase is None else self.sales.get(purchase)


@dataclass(frozen=True, slots=True)
class Wish:
    """A return to decide on, with what was found of it."""

    entry: Entry
    body: PurchaseReturned
    sale: SaleState
    content: bytes

    def dues(self) -> dict[int, Due]:
        """What is due for each line."""
        return {line.line: self.sale.lines[line.line].due(line.quantity, line.amount) for line in self.body.lines}

    def cause(self, dues: dict[int, Due]) -> dict[str, Any]:
        """What explains the movements: the purchase, the return's receipt, and the points due for each line."""
        lines = {str(line): due.points for line, due in dues.items()}
        store, receipt = self.entry.caller.store, self.body.receipt
        return {"purchase": str(self.sale.id), "store": store, "receipt": receipt, "lines": lines}


class ReturnIntake:
    """Handles `purchase.returned`."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Lock the purchases, find what came back of them before, and want the members' accounts."""
        returns = work.part(Returns)
        bodies = [entry.body(PurchaseReturned) for entry in entries]
        ids = {body.purchase for body in bodies if body.purchase is not None}
        for row in queries.lock_sales(session, ids, {body.sold_as for body in bodies if body.purchase is None}):
            returns.sold[row.store, row.receipt] = row.id
            returns.sales[row.id] = SaleState(row.id, row.member, {})
        for row in queries.lines(session, returns.sales):
            figures = (row.quantity, row.amount, row.points, row.qualifying, row.points_paid, row.value_paid)
            returns.sales[row.purchase].lines[row.line] = LineState(*figures, row.quantity_back, row.amount_back)
        for row in queries.asked(session, returns.sales):
            sale = returns.sales[row.purchase]
            sale.asked, sale.forgiven = row.asked, row.forgiven
        for row in queries.known(session, {body.receipt for body in bodies}):
            returns.known[row.store, row.receipt] = Taken(row.id, row.purchase, row.content, Figures(*row[5:]))
        members = {sale.member for sale in returns.sales.values()}
        returns.near = recalls.near(session, members, entries[0].moment.received_at)
        by_lot = {sale.lot: sale for sale in returns.sales.values()}
        for row in queries.uses_of(session, by_lot):
            by_lot[row.lot].used, by_lot[row.lot].expired = row.used, row.expired
        _want(returns, work.part(Books))

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Take goods back; answer a repeated receipt as the first time; refuse a contradictory one."""
        body, returns = entry.body(PurchaseReturned), work.part(Returns)
        if entry.caller.store not in work.part(Places).stores:
            return rejected(ErrorCode.STORE_UNKNOWN)
        sale = returns.sale_of(body)
        if sale is None:
            # The till may send the purchase itself a moment later.
            return waiting(ErrorCode.PURCHASE_UNKNOWN)
        lines = sorted((line.line, line.quantity, line.amount) for line in body.lines)
        content = hashlib.sha256(msgspec.json.encode((sale.id, lines))).digest()
        receipt = (entry.caller.store, body.receipt)
        known = returns.known.get(receipt)
        if known is None:
            decided = _take_back(Wish(entry, body, sale, content), work)
            if isinstance(decided, Outcome):
                return decided
            returns.known[receipt] = known = decided
        elif known.content != content:
            return rejected(ErrorCode.RETURN_KNOWN)
        return _told(known, sale.member, entry, work.part(Books))

    def write(self, session: Session, work: Work, now: datetime) -> None:  # noqa: ARG002
        """Store new returns and their lines."""
        new = work.part(Returns).new
        insert_rows(
            session,
            Return,
            (
                *("id", "purchase", "store", "receipt", "member", "amount", "points_back", "points_owed"),
                *("points_forgiven", "points_given", "value_given", "qualifying_back", "content", "reason"),
                *("returned_at", "actor"),
            ),
            [_row(one) for one in new],
        )
        insert_rows(
            session,
            ReturnLine,
            ("of", "line", "purchase", "quantity", "amount", "points", "qualifying", "points_given"),
            [row for one in new for row in _line_rows(one)],
        )


def _want(returns: Returns, books: Books) -> None:
    for sale in returns.sales.values():
        books.want(points_account(sale.member), lots=True)
        books.want(qualifying_account(sale.member))
        books.want(debt_account(sale.member))
        books.want_lot(sale.lot)
        books.want_original(sale.payment)


def _take_back(wish: Wish, work: Work) -> Taken | Outcome:
    sale, books, terms = wish.sale, work.part(Books), work.part(Programme).terms
    for line in wish.body.lines:
        if not sale.can_return(line.line, line.quantity, line.amount):
            quantity, amount = sale.left(line.line)
            return rejected(ErrorCode.RETURN_TOO_MUCH, line=line.line, quantity=quantity, amount=amount)
    expired = expired_of(sale, books)
    if expired is None:
        # The same request finds the lot settled.
        return waiting(ErrorCode.REQUEST_OVERLOADED)
    dues, version = wish.dues(), terms.versions.get("returns")
    cause = {"rule": "returns", "version": version.version if version else 0, **wish.cause(dues)}
    context = Context(wish.entry.item.id, wish.entry.caller.actor, wish.entry.moment.effective_at, wish.body.reason)
    settling = Settling(books, sale, Due.of_all(dues.values()), context, cause)
    figures = settling.figures(terms.policy("returns", ReturnPolicy), expired)
    if figures.short:
        return lacking(sale.member, ErrorCode.RETURN_SHORT, short=figures.short)
    missing = figures.points_owed + figures.points_forgiven
    coming = min(missing, work.part(Returns).near.get(sale.member, 0))
    if coming:
        # They are the member's wherever they lie, so nothing is owed or forgiven for them.
        return Outcome(Verdict.WAITING, ErrorCode.POINTS_RECALLED, {"short": coming}, sale.member)
    settling.post(figures)
    sale.count([(line.line, line.quantity, line.amount) for line in wish.body.lines], figures)
    taken = Taken(wish.entry.item.id, sale.id, wish.content, figures)
    work.part(Returns).new.append(NewReturn(wish.entry, sale, dues, taken))
    return taken


def _told(taken: Taken, member: UUID, entry: Entry, books: Books) -> Outcome:
    figures = taken.figures
    return applied(
        id=str(taken.id),
        purchase=str(taken.purchase),
        points_back=figures.points_back,
        points_owed=figures.points_owed,
        points_forgiven=figures.points_forgiven,
        points_given=figures.points_given,
        value_given=figures.value_given,
        qualifying_back=figures.qualifying_back,
        balance=books.held(points_account(member)),
        debt=books.held(debt_account(member)),
        booked_at=entry.moment.received_at.isoformat(),
    )


def _row(one: NewReturn) -> tuple[object, ...]:
    body, taken, entry, figures = one.entry.body(PurchaseReturned), one.taken, one.entry, one.taken.figures
    return (
        *(taken.id, taken.purchase, entry.caller.store, body.receipt, one.sale.member),
        *(sum(line.amount for line in body.lines), figures.points_back, figures.points_owed, figures.points_forgiven),
        *(figures.points_given, figures.value_given, figures.qualifying_back, taken.content, body.reason),
        *(entry.moment.effective_at, entry.caller.actor),
    )


def _line_rows(one: NewReturn) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for line in one.entry.body(PurchaseReturned).lines:
        due = one.dues[line.line]
        figures = (line.quantity, line.amount, due.points, due.qualifying, due.points_given)
        rows.append((one.taken.id, line.line, one.sale.id, *figures))
    return rows
