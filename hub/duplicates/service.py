"""Finds members that may be one person, some at a time, and keeps them as a work list.

Two share an e-mail address, or a name and with it the birthday or the end of the phone number. Who shares the former is
told by keyed hashes alone. For the latter every name is opened once a run; what is remembered of it until the run ends
is a short digest, so that a hundred thousand members take some megabytes, and a name that thousands have costs nothing.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db.session import Database
from hub.duplicates import queries
from hub.members import profile
from hub.members.rules import EMAIL, NAME, PHONE
from hub.members.tokens import folded
from hub.members.vault import Vault

BIRTHDAY = "birthday"
PIECE_MEMBERS = 500
PHONE_END_DIGITS = 7
"""So many digits are somebody's own, whatever country code or area code was written before them."""

DIGEST_BYTES = 8
ALIKE_MAX_MEMBERS = 10
"""With so many members who agree a further one is paired; more than these are not one person."""

Pair = tuple[UUID, UUID]


@dataclass(slots=True)
class Seen:
    """Members of this run by digests of what they may agree in."""

    members: dict[bytes, list[UUID]] = field(default_factory=dict)

    def pairs(self, member: UUID, values: Mapping[str, str]) -> Iterator[tuple[Pair, set[str]]]:
        """Remember a member; gives those seen before that agree with it, and in what."""
        for named, digest in _digests(values):
            alike = self.members.setdefault(digest, [])
            for other in alike:
                yield _pair(member, other), {NAME, named}
            if len(alike) < ALIKE_MAX_MEMBERS:
                alike.append(member)


def look_through(database: Database, vault: Vault, now: datetime) -> int:
    """Look through all members, piece by piece; returns how many pairs are new on the list."""
    database.run(queries.close_merged)
    last: UUID | None = None
    new, seen = 0, Seen()
    while True:
        with database.read() as session:
            members = queries.after(session, last, PIECE_MEMBERS)
            found = _suspicions(session, vault, members, seen) if members else {}
        if not members:
            return new
        rows = [(first, second, sorted(agrees), now) for (first, second), agrees in sorted(found.items())]
        new += database.run(lambda session, rows=rows: queries.add_new(session, rows))  # type: ignore[misc]
        last = members[-1]


def _suspicions(session: Session, vault: Vault, members: Collection[UUID], seen: Seen) -> dict[Pair, set[str]]:
    """Pairs of one of these members and any other, with what they agree in."""
    found: dict[Pair, set[str]] = {}
    for row in queries.same_email(session, members):
        found.setdefault(_pair(row.mine, row.other), set()).add(EMAIL)
    known = profile.read(session, vault, members, (NAME, BIRTHDAY, PHONE))
    for member in sorted(known):
        for pair, agrees in seen.pairs(member, known[member]):
            found.setdefault(pair, set()).update(agrees)
    return found


def _digests(values: Mapping[str, str]) -> Iterator[tuple[str, bytes]]:
    """What a member may agree in with another one beside the name, and a digest of both."""
    name = folded(values.get(NAME, ""))
    for what, text in ((BIRTHDAY, values.get(BIRTHDAY)), (PHONE, values.get(PHONE, "")[-PHONE_END_DIGITS:])):
        if name and text:
            told = f"{what}\0{name}\0{text}".encode()
            yield what, hashlib.blake2b(told, digest_size=DIGEST_BYTES).digest()


def _pair(one: UUID, other: UUID) -> Pair:
    return (one, other) if one < other else (other, one)
