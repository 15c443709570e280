"""All SQL of members that may be one person. It compares keyed hashes; nothing is opened here."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import and_, select, update
from sqlalchemy.orm import Session, aliased

from hub.db.bulk import insert_rows
from hub.db.reading import Rows, among
from hub.duplicates.models import Suspicion
from hub.members.models import Member
from hub.merges.models import Merge

LIVING = ("active", "blocked", "inactive")
"""States of members that can still be merged."""


def after(session: Session, member: UUID | None, limit: int) -> list[UUID]:
    """Members in the order of their ids, beyond one of them."""
    query = select(Member.id).where(Member.state.in_(LIVING))
    if member is not None:
        query = query.where(Member.id > member)
    return list(session.execute(query.order_by(Member.id).limit(limit)).scalars())


def same_email(session: Session, members: Collection[UUID]) -> Rows:
    """Pairs of one of these members and another with the same e-mail address."""
    mine, other = aliased(Member), aliased(Member)
    same = and_(other.email_index == mine.email_index, other.id != mine.id, other.state.in_(LIVING))
    query = select(mine.id.label("mine"), other.id.label("other")).join(other, same)
    return session.execute(query.where(among(session, mine.id, members)))


def add_new(session: Session, rows: Collection[tuple[UUID, UUID, list[str], object]]) -> int:
    """Add pairs that nobody has judged or seen yet; returns how many those are."""
    firsts = {row[0] for row in rows}
    query = select(Suspicion.first, Suspicion.second).where(among(session, Suspicion.first, list(firsts)))
    known = {(row.first, row.second) for row in session.execute(query)} if firsts else set()
    new = [(first, second, agrees, "open", now) for first, second, agrees, now in rows if (first, second) not in known]
    insert_rows(session, Suspicion, ("first", "second", "agrees", "state", "found_at"), new)
    return len(new)


def close_merged(session: Session) -> None:
    """Close pairs of which one was merged into anybody."""
    merged = select(Merge.merged).where(Merge.undone_at.is_(None)).scalar_subquery()
    pairs = update(Suspicion).where(
        Suspicion.state == "open", Suspicion.first.in_(merged) | Suspicion.second.in_(merged)
    )
    session.execute(pairs.values(state="merged").execution_options(synchronize_session=False))
