"""Receipts of tills that move stored value or counts: how one is booked, and that each counts once.

What a kind of receipt does is an `Act`; this file knows none of them.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.intake import Entry, Outcome, Work, applied, rejected
from hub.ledger.rules import Books, Context, LotState, Posting
from hub.points.service import points_account
from hub.stores.service import Places
from hub.wallet import queries
from hub.wallet.models import WalletReceipt
from protocol.errors import ErrorCode
from protocol.values import Text, Token


class Posted(Struct, frozen=True):
    """What every receipt has: the till's number for it."""

    receipt: Token


class Explained(Posted, frozen=True):
    """A receipt for which a person gave a reason."""

    reason: Text


class PostedRefund(Explained, frozen=True):
    """A receipt that gives back what another, `of`, took."""

    of: UUID


@dataclass(frozen=True, slots=True)
class Receipt:
    """A receipt that is booked, as its row says; see `WalletReceipt`."""

    id: UUID
    kind: str
    store: str
    number: str
    member: UUID
    unit: str
    amount: int
    principal: int
    bonus: int
    of: UUID | None
    content: bytes
    details: dict[str, Any]
    actor: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Moved:
    """What an act has done, as its receipt is to say."""

    member: UUID
    unit: str
    amount: int
    principal: int = 0
    bonus: int = 0
    details: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Receipts:
    """Part of a booking's working set: receipts by number, those that refunds name, and those that are new.

    A refund can only name what an earlier booking has written, because only that can be loaded with it. `refunded` says
    of which receipts there are refunds, and of what kind.
    """

    by_number: dict[tuple[str, str, str], Receipt] = field(default_factory=dict)
    written: dict[UUID, Receipt] = field(default_factory=dict)
    refunded: set[tuple[UUID, str]] = field(default_factory=set)
    new: list[Receipt] = field(default_factory=list)

    def original(self, entry: Entry, kind: str) -> Receipt | None:
        """The receipt of a kind that an entry's refund names; None where there is none."""
        found = self.written.get(entry.body(PostedRefund).of)
        return found if found is not None and found.kind == kind else None


class Act(Protocol):
    """What one kind of receipt does. `kind` is the receipt's; `known` the refusal where its number is taken."""

    kind: str
    known: ErrorCode

    def want(self, entry: Entry, work: Work) -> None:
        """Want what the entry touches; the receipts it names are loaded."""

    def book(self, entry: Entry, work: Work) -> Moved | Outcome:
        """Move value for a receipt that is new, or refuse it. Pure: changes only the working set."""

    def answer(self, receipt: Receipt, work: Work) -> dict[str, Any]:
        """What the till is told, the first time and whenever the same receipt comes again."""


@dataclass(frozen=True, slots=True, eq=False)
class ReceiptIntake:
    """Handles every kind of item that `acts` names: each till's receipt counts once."""

    acts: Mapping[str, Act]

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Find the receipts that entries have or name, then want what they touch."""
        bodies = [entry.body(Posted) for entry in entries]
        originals = {body.of for body in bodies if isinstance(body, PostedRefund)}
        receipts = work.part(Receipts)
        for row in queries.receipts(session, {body.receipt for body in bodies}, originals):
            receipt = receipts.written[row.id] = Receipt(*row)
            receipts.by_number[receipt.kind, receipt.store, receipt.number] = receipt
            if receipt.of is not None:
                receipts.refunded.add((receipt.of, receipt.kind))
        for entry in entries:
            self.acts[entry.item.kind].want(entry, work)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Book a new receipt; answer a repeated one as the first time; refuse a contradictory one."""
        act, body, receipts = self.acts[entry.item.kind], entry.body(Posted), work.part(Receipts)
        store = entry.caller.store
        if store not in work.part(Places).stores:
            return rejected(ErrorCode.STORE_UNKNOWN)
        content = hashlib.sha256(msgspec.json.encode(body)).digest()
        number = (act.kind, store, body.receipt)
        receipt = receipts.by_number.get(number)
        if receipt is None:
            moved = act.book(entry, work)
            if isinstance(moved, Outcome):
                return moved
            receipt = receipts.by_number[number] = _receipt(entry, act.kind, content, moved)
            receipts.new.append(receipt)
            if receipt.of is not None:
                receipts.refunded.add((receipt.of, receipt.kind))
            work.part(Books).touch(points_account(receipt.member))
        elif receipt.content != content:
            return rejected(act.known)
        return applied(**act.answer(receipt, work), booked_at=receipt.at.isoformat())

    def write(self, session: Session, work: Work, now: datetime) -> None:  # noqa: ARG002
        """Store the new receipts of these kinds."""
        mine = {act.kind for act in self.acts.values()}
        insert_rows(
            session,
            WalletReceipt,
            (
                *("id", "kind", "store", "receipt", "member", "unit", "amount", "principal", "bonus"),
                *("of", "content", "details", "actor", "at"),
            ),
            [_row(receipt) for receipt in work.part(Receipts).new if receipt.kind in mine],
        )


def context_of(entry: Entry) -> Context:
    """What the transfers of an entry share; a refund's reason among it."""
    body = entry.item.body
    reason = body.reason if isinstance(body, Explained) else ""
    return Context(entry.item.id, entry.caller.actor, entry.moment.effective_at, reason)


def cause_of(entry: Entry, **more: Any) -> dict[str, Any]:
    """What caused an entry's transfers: the till's receipt, and whatever rule decided."""
    return {"receipt": entry.body(Posted).receipt, "store": entry.caller.store, **more}


def move_lots(
    entry: Entry,
    way: tuple[str, UUID, UUID],
    lots: Sequence[LotState],
    work: Work,
    *,
    reverses: UUID | None = None,
    part: str = "",
) -> int:
    """Move all that remains of lots, as one kind of transfer from one account to another; how much that was."""
    kind, debit, credit = way
    amount, named = sum(lot.remaining for lot in lots), tuple(lot.id for lot in lots)
    if amount:
        posting = Posting(kind, debit, credit, amount, cause_of(entry), lots=named, reverses=reverses, part=part)
        short = work.part(Books).post(context_of(entry), [posting])
        assert short is None, "the lots hold what remains of them"
    return amount


def _receipt(entry: Entry, kind: str, content: bytes, moved: Moved) -> Receipt:
    body = entry.body(Posted)
    return Receipt(
        id=entry.item.id,
        kind=kind,
        store=entry.caller.store,
        number=body.receipt,
        member=moved.member,
        unit=moved.unit,
        amount=moved.amount,
        principal=moved.principal,
        bonus=moved.bonus,
        of=body.of if isinstance(body, PostedRefund) else None,
        content=content,
        details=moved.details,
        actor=entry.caller.actor,
        at=entry.moment.effective_at,
    )


def _row(receipt: Receipt) -> tuple[object, ...]:
    return (
        *(receipt.id, receipt.kind, receipt.store, receipt.number, receipt.member, receipt.unit),
        *(receipt.amount, receipt.principal, receipt.bonus, receipt.of, receipt.content, receipt.details),
        *(receipt.actor, receipt.at),
    )
