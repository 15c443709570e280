"""Booking of what day ends find."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.day_end.findings import SILENT_SINCE, SINKS, LapseReversed, PointsLapsed, Sink, ValueExpired
from hub.day_end.rules import EXPIRY_REVERSED
from hub.intake import Entry, Outcome, Work, applied, waiting
from hub.ledger.rules import Books, Context, LotState, Posting
from hub.points.service import EXPIRED, POINTS, points_account
from hub.programme.service import Programme
from protocol.errors import ErrorCode


class DayEndIntake:
    """Handles `value.expired`, `points.lapsed` and `lapse.reversed`."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:  # noqa: ARG002
        """Want the accounts; the points account is the member's anchor."""
        books = work.part(Books)
        for entry in entries:
            match entry.item.body:
                case ValueExpired(member=member, account=account):
                    books.want(points_account(member))
                    books.want(account, lots=True)
                case PointsLapsed(member=member):
                    books.want(points_account(member), lots=True)
                case LapseReversed(member=member, transfer=transfer):
                    books.want(points_account(member))
                    books.want_original(transfer)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Book what is still there of what was found."""
        match entry.item.body:
            case ValueExpired() as body:
                return _expire(entry, body, work)
            case PointsLapsed() as body:
                return _lapse(entry, body, work)
            case LapseReversed() as body:
                return _reverse(entry, body, work)
            case body:
                raise AssertionError(f"no day end finds {type(body).__name__}")

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """The ledger writes all there is."""


def _expire(entry: Entry, body: ValueExpired, work: Work) -> Outcome:
    books, sink = work.part(Books), SINKS[body.book]
    lots = [lot for lot in books.lots_of(body.account) if lot.remaining > 0 and lot.is_expired(body.until)]
    ends = sorted(lot.terms.expires_at.isoformat() for lot in lots if lot.terms.expires_at is not None)
    cause = _cause(sink, body.day, work)
    if ends:
        cause |= {"first": ends[0], "last": ends[-1]}
        books.touch(points_account(body.member))
    return applied(amount=_take(entry, books, lots, account=body.account, sink=sink, cause=cause))


def _lapse(entry: Entry, body: PointsLapsed, work: Work) -> Outcome:
    books, account, sink = work.part(Books), points_account(body.member), SINKS[POINTS]
    if books.accounts[account].version != body.version:
        return waiting(ErrorCode.REQUEST_FAILED)
    lots = [lot for lot in books.lots_of(account) if lot.remaining > 0 and lot.granted_at <= body.until]
    cause = _cause(sink, body.day, work) | {SILENT_SINCE: body.since.isoformat()}
    return applied(amount=_take(entry, books, lots, account=account, sink=sink, cause=cause))


def _reverse(entry: Entry, body: LapseReversed, work: Work) -> Outcome:
    books, account = work.part(Books), points_account(body.member)
    cause = {"reverses": str(body.transfer)}
    posting = Posting(EXPIRY_REVERSED, EXPIRED, account, body.amount, cause, reverses=body.transfer, restores=True)
    short = books.post(_context(entry), [posting])
    assert short is None, "the programme's own accounts are never short"
    return applied(amount=body.amount)


def _take(
    entry: Entry, books: Books, lots: Sequence[LotState], *, account: UUID, sink: Sink, cause: dict[str, Any]
) -> int:
    """Take all that remains of lots of an account; how much that was."""
    amount = sum(lot.remaining for lot in lots)
    if amount > 0:
        named = tuple(lot.id for lot in lots)
        short = books.post(_context(entry), [Posting(sink.kind, account, sink.account, amount, cause, lots=named)])
        assert short is None, "the lots hold what remains of them"
    return amount


def _cause(sink: Sink, day: date, work: Work) -> dict[str, Any]:
    if sink.policy is None:
        return {"day": day.isoformat()}
    known = work.part(Programme).terms.versions.get(sink.policy)
    return {"rule": sink.policy, "version": known.version if known else 0, "day": day.isoformat()}


def _context(entry: Entry) -> Context:
    return Context(entry.item.id, entry.caller.actor, entry.moment.effective_at)
