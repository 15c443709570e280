"""Booking of what people do with points by hand: adjustments, and points passed on to another member."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Struct
from sqlalchemy.orm import Session

from hub.approvals.service import Approvals, held_back
from hub.audit.service import Act, audit_all
from hub.intake import Entry, Outcome, Work, applied, lacking, rejected
from hub.ledger.rules import VALUE_SCALE, Books, Context, Grant, Posting
from hub.points.acts import AdjustmentPolicy, TransferPolicy, local_day, passed_on
from hub.points.rules import CashPolicy, ExpiryPolicy, grant_of
from hub.points.service import ADJUSTED as GIVEN_OR_TAKEN
from hub.points.service import debt_account, points_account, recover
from hub.programme.service import Programme
from hub.stores.service import Places
from hub.tiers.service import Standings
from protocol.errors import ErrorCode
from protocol.limits import VALUE_MAX
from protocol.values import Points, Text

ADJUSTED, TRANSFERRED = "points.adjusted", "points.transferred"


class PointsAdjusted(Struct, frozen=True):
    """A person gives a member points or, below zero, takes them, for a reason."""

    member: UUID
    points: Annotated[int, Meta(ge=-VALUE_MAX, le=VALUE_MAX)]
    reason: Text


class PointsTransferred(Struct, frozen=True):
    """A member passes points on to another, with a message."""

    sender: UUID
    recipient: UUID
    points: Points
    message: Text


@dataclass(slots=True)
class Adjustments:
    """Part of a booking's working set: what is to be written down."""

    acts: list[Act] = field(default_factory=list)


@dataclass(slots=True)
class DayLimits:
    """Part of a booking's working set: for each transfer the tally of what its sender passes on that day."""

    tallies: dict[UUID, UUID] = field(default_factory=dict)


class AdjustmentIntake:
    """Handles `points.adjusted`. A blocked member's points can be put right, too."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:  # noqa: ARG002
        """Want the members' accounts."""
        for entry in entries:
            _want(entry.body(PointsAdjusted).member, work)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Give or take, within the limit of the caller's role; beyond it, it waits for a second person."""
        body = entry.body(PointsAdjusted)
        refusal = _refusal(entry, body, work)
        if refusal is not None:
            return rejected(refusal)
        waits = held_back(entry, body.member, abs(body.points), work, alone_max=_alone_max(entry, work))
        return waits or _adjust(entry, body, work)

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """Write every adjustment down in the audit log; the ledger writes the rest."""
        audit_all(session, work.part(Adjustments).acts, now, work.random_bytes)


def _alone_max(entry: Entry, work: Work) -> int:
    return work.part(Programme).terms.policy("adjustments", AdjustmentPolicy).limit_of(entry.caller.role)


def _want(member: UUID, work: Work) -> None:
    books = work.part(Books)
    work.part(Standings).wanted.add(member)
    books.want(points_account(member), lots=True)
    books.want(debt_account(member))


def _refusal(entry: Entry, body: PointsAdjusted, work: Work) -> ErrorCode | None:
    if entry.caller.store not in work.part(Places).stores:
        return ErrorCode.STORE_UNKNOWN
    if body.member not in work.part(Standings).members:
        return ErrorCode.MEMBER_UNKNOWN
    return ErrorCode.AMOUNT_INVALID if body.points == 0 else None


def _adjust(entry: Entry, body: PointsAdjusted, work: Work) -> Outcome:
    books, account, at = work.part(Books), points_account(body.member), entry.moment.effective_at
    context = Context(entry.item.id, entry.caller.actor, at, body.reason)
    cause = _cause("adjustments", work) | {"store": entry.caller.store, "role": entry.caller.role}
    approved_by = work.part(Approvals).approved_by(entry.item)
    if approved_by:
        cause["approved_by"] = approved_by
    recovered = 0
    if body.points > 0:
        posting = Posting(ADJUSTED, GIVEN_OR_TAKEN, account, body.points, cause, _grant(at, work))
        short = books.post(context, [posting])
        recovered = recover(books, context, body.member, cause)
    else:
        short = books.post(context, [Posting(ADJUSTED, account, GIVEN_OR_TAKEN, -body.points, cause)])
    if short is not None:
        return lacking(body.member, ErrorCode.POINTS_SHORT, short=short.short)
    told = {
        "request": str(entry.item.id),
        "points": body.points,
        "approved_by": approved_by,
        "alone_max": _alone_max(entry, work),
    }
    work.part(Adjustments).acts.append(
        Act(entry.caller.actor, ADJUSTED, str(body.member), {}, told, entry.caller.address, body.reason)
    )
    return applied(
        adjustment=str(entry.item.id),
        points=body.points,
        recovered=recovered,
        balance=books.held(account),
        booked_at=entry.moment.received_at.isoformat(),
    )


def _grant(at: datetime, work: Work) -> Grant:
    """What is given by hand is valid as long as what is earned, but need not wait: no goods can come back for it."""
    terms, zone = work.part(Programme).terms, work.part(Places).zone
    value = terms.policy("cash", CashPolicy).value_of(VALUE_SCALE)
    policy = replace(terms.policy("expiry", ExpiryPolicy), pending_days=0)
    return grant_of("adjustment", policy, at.astimezone(zone), value)


class TransferIntake:
    """Handles `points.transferred`. The points move in their lots, so they expire when they would have."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:  # noqa: ARG002
        """Want both members' accounts, and what the senders have passed on that day."""
        zone, tallies = work.part(Places).zone, work.part(DayLimits).tallies
        for entry in entries:
            body = entry.body(PointsTransferred)
            _want(body.sender, work)
            _want(body.recipient, work)
            tally = passed_on(body.sender, local_day(entry.moment.effective_at, zone))
            tallies[entry.item.id] = tally
            work.part(Books).want_tally(tally)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Move the points, unless the programme, the members or what is left forbids it."""
        body, books = entry.body(PointsTransferred), work.part(Books)
        refusal = _transfer_refusal(entry, body, work)
        if refusal is not None:
            return rejected(refusal)
        policy = work.part(Programme).terms.policy("transfers", TransferPolicy)
        tally = work.part(DayLimits).tallies[entry.item.id]
        left = books.room(tally, policy.day_max)
        refused = policy.refusal(body.points, left)
        if refused is not None:
            code, data = refused
            return rejected(code, **data)
        return _pass_on(entry, body, tally, work) or applied(
            transfer=str(entry.item.id),
            points=body.points,
            balance=books.held(points_account(body.sender)),
            left_today=left - body.points,
            booked_at=entry.moment.received_at.isoformat(),
        )

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """The ledger writes all there is."""


def _transfer_refusal(entry: Entry, body: PointsTransferred, work: Work) -> ErrorCode | None:
    members = [work.part(Standings).members.get(member) for member in (body.sender, body.recipient)]
    if entry.caller.store not in work.part(Places).stores:
        return ErrorCode.STORE_UNKNOWN
    if None in members:
        return ErrorCode.MEMBER_UNKNOWN
    if body.sender == body.recipient:
        return ErrorCode.TRANSFER_SELF
    return None if all(member and member.is_active for member in members) else ErrorCode.MEMBER_BLOCKED


def _pass_on(entry: Entry, body: PointsTransferred, tally: UUID, work: Work) -> Outcome | None:
    books, at, home = work.part(Books), entry.moment.effective_at, points_account(body.sender)
    # What the sender owes is not the sender's to give away.
    short = body.points + books.held(debt_account(body.sender)) - books.spendable(home, at)
    if short > 0:
        return lacking(body.sender, ErrorCode.POINTS_SHORT, short=short)
    context = Context(entry.item.id, entry.caller.actor, at, body.message)
    cause = _cause("transfers", work) | {"store": entry.caller.store}
    posting = Posting(TRANSFERRED, home, points_account(body.recipient), body.points, cause)
    missing = books.post(context, [posting])
    assert missing is None, "looked at before"
    books.count(tally, body.points)
    recover(books, context, body.recipient, cause)
    return None


def _cause(policy: str, work: Work) -> dict[str, Any]:
    version = work.part(Programme).terms.versions.get(policy)
    return {"rule": policy, "version": version.version if version else 0}
