"""Booking of what puts rejected acts right: a promise is kept at the chain's expense, or a member has read of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from hub.approvals.service import Approvals, held_back, paid_out_alone
from hub.audit.service import Act, audit_all
from hub.intake import Entry, Outcome, Work, applied, rejected
from hub.ledger.rules import VALUE_SCALE, Books, Context, Grant, Posting
from hub.points.rules import CashPolicy, ExpiryPolicy, grant_of
from hub.points.service import ADJUSTED, REDEEMED, points_account
from hub.programme.service import Programme
from hub.reconciliation import queries
from hub.reconciliation import service as reconciliation_service
from hub.reconciliation.models import Rejection
from hub.reconciliation.rules import Remedy, compensation_refusal, remedy
from hub.reconciliation.service import Rejections, Settled
from hub.rewards import service as rewards_service
from hub.rewards.service import NewVoucher, Rewards, stock_counter
from hub.stores.service import Places
from hub.tiers.service import Standings
from protocol.errors import ErrorCode
from protocol.events import NoticeSeen
from protocol.ids import part_id, voucher_code
from protocol.values import Text

COMPENSATED = "promise.compensated"
SPENT = "promise.redeemed"


class PromiseCompensated(Struct, frozen=True):
    """A person has what a kiosk promised, and the hub rejected, made good."""

    rejection: UUID
    reason: Text


@dataclass(slots=True)
class Compensations:
    """Part of a booking's working set: what is to be written down."""

    acts: list[Act] = field(default_factory=list)


class CompensationIntake:
    """Handles `promise.compensated` by a person, beyond a limit by two, and `notice.seen` by a kiosk."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Lock what is named, and want the accounts of the members behind it."""
        part, books = work.part(Rejections), work.part(Books)
        part.known = queries.locked(session, {_named(entry) for entry in entries})
        promised = [row for row in part.known.values() if "spend" in row.promise]
        part.vouchers = queries.vouchers(session, {UUID(row.promise["spend"]) for row in promised})
        for row in part.known.values():
            if row.member is not None:
                work.part(Standings).wanted.add(row.member)
                books.want(points_account(row.member), lots=True)
        rewards_service.load(session, {UUID(row.promise["reward"]) for row in promised}, work.part(Rewards), books)

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Keep the promise, or take down that the member has read of it."""
        body, row = entry.item.body, work.part(Rejections).known.get(_named(entry))
        if isinstance(body, NoticeSeen):
            return _seen(entry, body, row, work)
        assert isinstance(body, PromiseCompensated), "the table of kinds reads every body"
        return rejected(ErrorCode.REJECTION_UNKNOWN) if row is None else _compensate(entry, body, row, work)

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """Store what was settled, and the entries of the audit log."""
        reconciliation_service.write(session, work.part(Rejections))
        audit_all(session, work.part(Compensations).acts, now, work.random_bytes)


def _named(entry: Entry) -> UUID:
    body = entry.item.body
    return body.notice if isinstance(body, NoticeSeen) else entry.body(PromiseCompensated).rejection


def _seen(entry: Entry, body: NoticeSeen, row: Rejection | None, work: Work) -> Outcome:
    # A hub that was restored may not know the notice any more, or not yet again: then there is nothing left to do.
    if row is not None and row.member == body.member and row.seen_at is None:
        work.part(Rejections).seen[row.id] = entry.moment.effective_at
        if points_account(body.member) in work.part(Books).accounts:
            work.part(Books).touch(points_account(body.member))
    return applied()


def _compensate(entry: Entry, body: PromiseCompensated, row: Rejection, work: Work) -> Outcome:
    refusal = compensation_refusal(work.part(Rejections).state_of(row), row.kind, row.code, row.points)
    if refusal is not None:
        return rejected(refusal)
    if row.member is None or row.member not in work.part(Standings).members:
        return rejected(ErrorCode.MEMBER_UNKNOWN)
    how = remedy(row.kind, row.code)
    if how is Remedy.VOUCHER and UUID(row.promise["spend"]) in work.part(Rejections).vouchers:
        return rejected(ErrorCode.REJECTION_NOTHING)
    waits = held_back(entry, row.member, row.points, work, alone_max=paid_out_alone(entry, work))
    if waits is not None:
        return waits
    told = {
        "rejection": str(row.id),
        "remedy": str(how),
        "member": str(row.member),
        "points": row.points,
        "voucher": None,
    }
    if how is Remedy.VOUCHER:
        told["voucher"] = _hand_voucher(entry, row, work)
    else:
        _give(entry, row, work)
    approved_by = work.part(Approvals).approved_by(entry.item)
    settled = Settled(entry.moment.received_at, entry.caller.actor, approved_by, body.reason)
    work.part(Rejections).settled[row.id] = settled
    act = Act(entry.caller.actor, COMPENSATED, str(row.id), {"code": row.code}, told, entry.caller.address, body.reason)
    work.part(Compensations).acts.append(act)
    return applied(**told)


def _give(entry: Entry, row: Rejection, work: Work) -> UUID:
    """Give the member the points of an act; returns the transfer that does it."""
    assert row.member is not None, "looked at before"
    at = entry.moment.effective_at
    posting = Posting(COMPENSATED, ADJUSTED, points_account(row.member), row.points, _cause(row), _grant(at, work))
    short = work.part(Books).post(Context(entry.item.id, entry.caller.actor, at), [posting])
    assert short is None, "the programme is never short"
    return posting.id_in(entry.item.id)


def _hand_voucher(entry: Entry, row: Rejection, work: Work) -> str:
    """Make the voucher that was shown; what it costs is given to the member and spent at once. Returns its code."""
    assert row.member is not None, "looked at before"
    lot = part_id(_give(entry, row, work), "lot")
    books, at, spend = work.part(Books), entry.moment.effective_at, UUID(row.promise["spend"])
    spent = Posting(SPENT, points_account(row.member), REDEEMED, row.points, _cause(row), lots=(lot,))
    short = books.post(Context(entry.item.id, entry.caller.actor, at), [spent])
    assert short is None, "given just now"
    reward = UUID(row.promise["reward"])
    # The piece may be gone already: then the counter finds out that there is none, and the promise stands all the same.
    books.take(stock_counter(reward), 1)
    voucher = NewVoucher(spend, row.member, reward, row.points, row.kiosk, row.store, at)
    work.part(Rewards).vouchers.append(voucher)
    work.part(Rejections).vouchers.add(spend)
    return voucher_code(spend)


def _cause(row: Rejection) -> dict[str, str]:
    return {"rule": "compensation", "rejection": str(row.id), "kind": row.kind, "code": row.code}


def _grant(at: datetime, work: Work) -> Grant:
    """What makes good is valid as long as what is earned, but need not wait."""
    terms, zone = work.part(Programme).terms, work.part(Places).zone
    policy = replace(terms.policy("expiry", ExpiryPolicy), pending_days=0)
    value = terms.policy("cash", CashPolicy).value_of(VALUE_SCALE)
    return grant_of("compensation", policy, at.astimezone(zone), value)
