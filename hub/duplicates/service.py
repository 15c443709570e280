"""Finds members that may be one person, some at a time, and keeps them as a work list.

Two share an e-mail address, or a birthday and a name. Who shares the former is told by keyed hashes alone; names are
narrowed down by hashes, and only of those that remain, names and birthdays are opened and compared.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db.session import Database
from hub.duplicates import queries
from hub.members import profile
from hub.members.rules import EMAIL, NAME
from hub.members.tokens import folded
from hub.members.vault import Vault

BIRTHDAY = "birthday"
PIECE_MEMBERS = 500

Pair = tuple[UUID, UUID]


def look_through(database: Database, vault: Vault, now: datetime) -> int:
    """Look through all members, piece by piece; returns how many pairs are new on the list."""
    database.run(queries.close_merged)
    last: UUID | None = None
    new = 0
    while True:
        with database.read() as session:
            members = queries.after(session, last, PIECE_MEMBERS)
            found = suspicions(session, vault, members) if members else {}
        if not members:
            return new
        rows = [(first, second, sorted(agrees), now) for (first, second), agrees in sorted(found.items())]
        new += database.run(lambda session, rows=rows: queries.add_new(session, rows))  # type: ignore[misc]
        last = members[-1]


def suspicions(session: Session, vault: Vault, members: Collection[UUID]) -> dict[Pair, set[str]]:
    """Pairs of one of these members and any other, with what they agree in."""
    found: dict[Pair, set[str]] = {}
    for row in queries.same_email(session, members):
        found.setdefault(_pair(row.mine, row.other), set()).add(EMAIL)
    named = {_pair(row.mine, row.other) for row in queries.similar_names(session, members)}
    known = profile.read(session, vault, {member for pair in named for member in pair}, (NAME, BIRTHDAY))
    for pair in _agreeing(named, known):
        found.setdefault(pair, set()).update((NAME, BIRTHDAY))
    return found


def _agreeing(pairs: Iterable[Pair], known: dict[UUID, dict[str, str]]) -> Iterable[Pair]:
    for pair in pairs:
        first, second = (known.get(member, {}) for member in pair)
        same_day = first.get(BIRTHDAY) is not None and first.get(BIRTHDAY) == second.get(BIRTHDAY)
        if same_day and folded(first.get(NAME, "")) == folded(second.get(NAME, "")):
            yield pair


def _pair(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)
