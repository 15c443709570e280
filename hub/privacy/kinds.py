"""What is kept for some time only: by kind, how it is found once its time is over, and how it is destroyed."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from hub.alerts.models import Alert
from hub.approvals.models import ApprovalRequest
from hub.booking.models import Fact
from hub.cards.models import Visit
from hub.db.reading import among
from hub.imports import service as imports
from hub.imports.models import Import, ImportFault
from hub.ledger.models import Account, Transfer
from hub.members.models import Consent, Member
from hub.privacy.erasure import Eraser, Wish
from hub.privacy.models import Erasure, PersonalExport
from hub.privacy.queries import MONEY
from hub.privacy.rules import RetentionPolicy, years_before
from hub.webhooks.models import WebhookMessage

JOB = "job:retention"

Find = Callable[[Session, int], Sequence[UUID]]
Destroy = Callable[[Session, Sequence[UUID]], Collection[UUID]]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of data: what of it is older than a moment, so many at a time, and how it is destroyed.

    `destroy` returns what it really destroyed; where that is nothing, the rest waits for the next run.
    """

    name: str
    before: datetime
    find: Find
    destroy: Destroy


def kinds(policy: RetentionPolicy, eraser: Eraser, now: datetime) -> Iterator[Kind]:
    """Every kind that a policy says something about."""
    yield from _of_members(policy, eraser, now)
    yield from _of_work(policy, now)


def _of_members(policy: RetentionPolicy, eraser: Eraser, now: datetime) -> Iterator[Kind]:
    visited = now - timedelta(days=policy.visits_days)
    yield Kind("visits", visited, _where(Visit.id, Visit.ends_at < visited), _deleting(Visit.id))
    unfetched = (PersonalExport.until < now) & PersonalExport.sealed.is_not(None)
    yield Kind("exports", now, _where(PersonalExport.request, unfetched), _deleting(PersonalExport.request))
    agreed = years_before(now, policy.consents_years)
    erased = Consent.member.in_(select(Erasure.member).where(Erasure.done_at < agreed))
    yield Kind("consents", agreed, _where(Consent.id, erased), _deleting(Consent.id))
    booked = years_before(now, policy.events_years)
    old = (Fact.received_at < booked) & Fact.raw.is_not(None)
    yield Kind("events", booked, _where(Fact.id, old), _emptying)
    if policy.inactive_years:
        seen = years_before(now, policy.inactive_years)
        yield Kind("members", seen, _where(Member.id, _is_inactive(seen)), partial(_erase, eraser=eraser, now=now))


def _of_work(policy: RetentionPolicy, now: datetime) -> Iterator[Kind]:
    uploaded = now - timedelta(days=policy.uploads_days)
    waiting = Import.state.in_(("uploaded", "checked")) & (Import.made_at < uploaded)
    yield Kind("uploads", uploaded, _where(Import.id, waiting), partial(_cancel, now=now))
    ended = now - timedelta(days=policy.imports_days)
    yield Kind("imports", ended, _where(Import.id, Import.ended_at < ended), _forget_imports)
    closed = now - timedelta(days=policy.alerts_days)
    answered = (Alert.state == "closed") & (Alert.answered_at < closed)
    yield Kind("alerts", closed, _where(Alert.id, answered), _deleting(Alert.id))
    asked = now - timedelta(days=policy.approvals_days)
    is_over = ApprovalRequest.state.not_in(("waiting", "approved")) & (ApprovalRequest.lapses_at < asked)
    decided = is_over & (func.length(ApprovalRequest.body) > 0)
    yield Kind("approvals", asked, _where(ApprovalRequest.id, decided), _empty_approvals)
    told = now - timedelta(days=policy.messages_days)
    yield Kind("messages", told, _where(WebhookMessage.id, WebhookMessage.at < told), _deleting(WebhookMessage.id))


def _where(key: InstrumentedAttribute[UUID], condition: Any) -> Find:
    query = select(key).where(condition).order_by(key)
    return lambda session, limit: session.execute(query.limit(limit)).scalars().all()


def _erase(session: Session, members: Sequence[UUID], *, eraser: Eraser, now: datetime) -> list[UUID]:
    wish = Wish(UUID(int=0), JOB, "", "not seen for as long as the programme says")
    return [member for member in members if eraser.erase(session, member, wish, now) is None]


def _cancel(session: Session, ids: Sequence[UUID], *, now: datetime) -> list[UUID]:
    query = select(Import).where(among(session, Import.id, ids), Import.state.in_(("uploaded", "checked")))
    found = session.execute(query.order_by(Import.id).with_for_update()).scalars().all()
    for one in found:
        imports.end(session, one, "cancelled", now)
    return [one.id for one in found]


def _forget_imports(session: Session, ids: Sequence[UUID]) -> Sequence[UUID]:
    session.execute(delete(ImportFault).where(among(session, ImportFault.of, ids)))
    session.execute(delete(Import).where(among(session, Import.id, ids)))
    return ids


def _empty_approvals(session: Session, ids: Sequence[UUID]) -> Sequence[UUID]:
    session.execute(update(ApprovalRequest).where(among(session, ApprovalRequest.id, ids)).values(body=b""))
    return ids


def _deleting(key: InstrumentedAttribute[UUID]) -> Callable[[Session, Sequence[UUID]], Collection[UUID]]:
    def destroy(session: Session, ids: Sequence[UUID]) -> Sequence[UUID]:
        session.execute(delete(key.class_).where(among(session, key, ids)))
        return ids

    return destroy


def _emptying(session: Session, ids: Sequence[UUID]) -> Sequence[UUID]:
    session.execute(update(Fact).where(among(session, Fact.id, ids)).values(raw=None))
    return ids


def _is_inactive(before: datetime) -> Any:
    """Joined before a moment, nothing moved since, and holding nothing that was paid for."""
    own = select(Account.id).where(Account.owner == Member.id)
    moved = select(Transfer.id).where(
        or_(Transfer.debit.in_(own), Transfer.credit.in_(own)), Transfer.recorded_at >= before
    )
    holding = own.where(Account.book.in_(MONEY), Account.balance > 0)
    is_known = Member.state.in_(("active", "blocked", "inactive"))
    return is_known & (Member.joined_at < before) & ~moved.exists() & ~holding.exists()
