"""Search by name. What tokens find by chance is sorted out by opening the names, a bounded number at a time."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.db.reading import among
from hub.members import profile
from hub.members.models import Member, MemberKey, MemberToken
from hub.members.rules import NAME
from hub.members.tokens import folded, index, wanted
from hub.members.vault import Vault

QUERY_MAX_CHARS = 64
CANDIDATES_MAX = 500
"""Most names that are opened at once."""

PIECE_MAX_MEMBERS = 500


def by_name(session: Session, vault: Vault, text: str, limit: int, *, after: UUID | None = None) -> list[UUID]:
    """Members whose names hold this text, whatever its case and accents, in the order of their ids, beyond `after`.

    A single letter of the Latin alphabet finds only those whose name has it as a word of its own.
    """
    sought = folded(text[:QUERY_MAX_CHARS])
    asked, count = wanted(vault, sought)
    found: list[UUID] = []
    while asked and len(found) < limit:
        candidates = _candidates(session, asked, count, after)
        names = profile.read(session, vault, candidates, [NAME])
        found += [member for member in candidates if sought in folded(names[member].get(NAME, ""))]
        if len(candidates) < CANDIDATES_MAX:
            break
        after = candidates[-1]
    return found[:limit]


def index_missing(session: Session, vault: Vault) -> int:
    """Index some members who have a name but no token yet, from before there was this search; returns how many."""
    query = (
        select(Member.id)
        .join(MemberKey, MemberKey.member == Member.id)
        .where(~select(MemberToken.token).where(MemberToken.member == Member.id).exists())
        .limit(PIECE_MAX_MEMBERS)
    )
    known = profile.read(session, vault, list(session.execute(query).scalars()), [NAME])
    names = {member: values[NAME] for member, values in known.items() if NAME in values}
    index(session, vault, names, is_new=True)
    return len(names)


def _candidates(session: Session, asked: Collection[bytes], count: int, after: UUID | None) -> list[UUID]:
    query = select(MemberToken.member).where(among(session, MemberToken.token, asked))
    if after is not None:
        query = query.where(MemberToken.member > after)
    query = query.group_by(MemberToken.member).having(func.count() == count)
    return list(session.execute(query.order_by(MemberToken.member).limit(CANDIDATES_MAX)).scalars())
