"""All SQL of requests that wait for a second person."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from hub.approvals.models import ApprovalRequest
from hub.audit.models import AuditEntry
from hub.db.bulk import insert_rows
from hub.db.reading import Rows, among
from hub.staff.models import ApiKey, Person

WORKING = frozenset({"active", "sealed"})
"""States of people who may act; the sealed account acts while its glass is broken."""

SECRET_SHOWN = ("key.made", "key.rotated")
"""Acts after which whoever did them holds a key's secret."""

HANDS_MAX = 20
"""So many keys in a row, each in the hand of the one before, are followed to the people behind them."""


def insert(session: Session, rows: Sequence[Mapping[str, Any]]) -> None:
    """Store requests that begin to wait."""
    if rows:
        insert_rows(session, ApprovalRequest, tuple(rows[0]), [tuple(row.values()) for row in rows])


def states(session: Session, ids: Collection[UUID]) -> Rows:
    """How far these requests are."""
    columns = (ApprovalRequest.id, ApprovalRequest.state, ApprovalRequest.content, ApprovalRequest.decided_by)
    return session.execute(select(*columns).where(among(session, ApprovalRequest.id, ids)))


def locked(session: Session, request: UUID) -> ApprovalRequest | None:
    """A request that nobody else decides meanwhile."""
    return session.get(ApprovalRequest, request, with_for_update=True)


def lapse(session: Session, now: datetime) -> int:
    """End the waiting of what nobody answered in time; how many that were."""
    overdue = (ApprovalRequest.state == "waiting", ApprovalRequest.lapses_at <= now)
    # Only those found are changed, so that a second process finds none of them.
    found = session.execute(select(ApprovalRequest.id).where(*overdue).with_for_update()).scalars().all()
    session.execute(update(ApprovalRequest).where(ApprovalRequest.id.in_(found)).values(state="lapsed"))
    return len(found)


def approved(session: Session) -> list[UUID]:
    """Requests that somebody said yes to and that are not carried out yet."""
    query = select(ApprovalRequest.id).where(ApprovalRequest.state == "approved").order_by(ApprovalRequest.id)
    return list(session.execute(query).scalars())


def stands(session: Session, actor: str, now: datetime) -> bool:
    """Tell whether an actor may still act: a person who works here, or a key that has not ended."""
    kind, _colon, name = actor.partition(":")
    match kind:
        case "staff":
            person = session.get(Person, UUID(name))
            return person is not None and person.state in WORKING
        case "key":
            key = session.get(ApiKey, UUID(name))
            return key is not None and key.revoked_at is None and (key.expires_at is None or key.expires_at > now)
        case _:
            return False


def hands(session: Session, actor: str) -> frozenset[str]:
    """An actor and everybody who has seen its secret: who made or rotated a key, and so on to a person."""
    found, left = {actor}, {actor}
    for _ in range(HANDS_MAX):
        keys = [one.removeprefix("key:") for one in left if one.startswith("key:")]
        if not keys:
            break
        seen = select(AuditEntry.actor).where(
            among(session, AuditEntry.subject, keys), AuditEntry.action.in_(SECRET_SHOWN)
        )
        left = set(session.execute(seen).scalars()) - found
        found |= left
    return frozenset(found)
