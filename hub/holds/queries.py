"""All SQL of holds."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub.db.reading import Rows, among
from hub.holds.models import Hold

_HOLD = (
    *(Hold.id, Hold.member, Hold.store, Hold.book, Hold.amount, Hold.captured, Hold.state, Hold.actor),
    *(Hold.placed_at, Hold.deadline, Hold.ended_at),
)


def lock(session: Session, ids: Collection[UUID]) -> Rows:
    """Lock and load holds, in the order of their ids."""
    return session.execute(select(*_HOLD).where(among(session, Hold.id, ids)).order_by(Hold.id).with_for_update())


def overdue(session: Session, now: datetime, limit: int) -> list[UUID]:
    """Holds that are still there though their time has run out, the longest overdue first."""
    query = select(Hold.id).where(Hold.state == "open", Hold.deadline <= now)
    return list(session.execute(query.order_by(Hold.deadline, Hold.id).limit(limit)).scalars())


def hold(session: Session, id_: UUID) -> Rows:
    """One hold."""
    return session.execute(select(*_HOLD).where(Hold.id == id_))


BY_TIME = (Hold.placed_at, Hold.id)


def of_member(member: UUID) -> Select[*tuple[Any, ...]]:
    """Asks for a member's holds."""
    return select(*_HOLD).where(Hold.member == member)
