"""Booking of top-ups: money that a member has paid in at a till."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from hub.intake import Entry, Outcome, Work, applied, rejected
from hub.ledger.rules import Books, Context, Posting
from hub.points.service import points_account
from hub.stores.service import Places
from hub.tiers.service import Standings
from hub.wallet.service import PAID_IN, TOP_UP_MAX_MINOR, new_account, principal_account
from protocol.errors import ErrorCode
from protocol.values import Currency, Token


class TopUpRecorded(Struct, frozen=True):
    """A member has paid money in; `receipt` is the till's number for it."""

    receipt: Token
    member: UUID
    currency: Currency
    amount: Annotated[int, Meta(gt=0)]


class TopUpIntake:
    """Handles `top_up.recorded`."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:  # noqa: ARG002
        """Want the members' accounts; the points account is the member's anchor, so it is locked here too."""
        books, standings = work.part(Books), work.part(Standings)
        for entry in entries:
            body = entry.body(TopUpRecorded)
            standings.wanted.add(body.member)
            books.want(points_account(body.member))
            books.want(principal_account(body.member))

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Add the money, unless the member, the currency or the amount forbids it."""
        body = entry.body(TopUpRecorded)
        member = work.part(Standings).members.get(body.member)
        if member is None:
            return rejected(ErrorCode.MEMBER_UNKNOWN)
        if not member.is_active:
            return rejected(ErrorCode.MEMBER_BLOCKED)
        if body.currency != work.part(Places).currency:
            return rejected(ErrorCode.CURRENCY_UNKNOWN)
        if body.amount > TOP_UP_MAX_MINOR:
            return rejected(ErrorCode.AMOUNT_INVALID)
        books, account = work.part(Books), principal_account(body.member)
        if account not in books.accounts:
            books.open(new_account(body.member, body.currency))
        context = Context(entry.item.id, entry.caller.actor, entry.moment.effective_at)
        cause = {"receipt": body.receipt, "store": entry.caller.store}
        short = books.post(context, [Posting("stored_value.topped_up", PAID_IN, account, body.amount, cause)])
        assert short is None, "the programme's own accounts are never short"
        books.touch(points_account(body.member))
        return applied(
            top_up=str(entry.item.id),
            stored_value=books.accounts[account].balance,
            balance=books.accounts[points_account(body.member)].balance,
            booked_at=entry.moment.received_at.isoformat(),
        )

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """The ledger writes all there is."""
