"""Merges as the rest of the hub uses them: what is asked of them, and to whom what names a merged member goes."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec
from msgspec import Struct
from sqlalchemy.orm import Session

from hub.db.session import RaceLostError
from hub.intake import ByJob, Entry, Item
from hub.merges import queries
from hub.merges.rules import FOLLOWED
from hub.tiers.service import Standings
from protocol import codec
from protocol.ids import derived_id
from protocol.values import Text

JOB = "merges"
"""Name under which the hub itself has value follow."""

MERGED_STATE = "merged"
"""State of a member that was merged into another."""

CHAIN_MAX = 16
"""So many merges lead on from one member to the next at most; more would be a ring."""

FOLLOWING: Mapping[str, tuple[str, ...]] = {
    "hold.placed": ("member",),
    "package.sold": ("member",),
    "package.used": ("member",),
    "payment.recorded": ("member",),
    "points.adjusted": ("member",),
    "points.transferred": ("sender", "recipient"),
    "purchase.recorded": ("member",),
    "receipt.scanned": ("member",),
    "top_up.recorded": ("member",),
}
"""By kind: where its body names a member that may have been merged into another since."""

Choice = Literal["kept", "merged"]


class MembersMerged(Struct, frozen=True):
    """A person says that two members are one. Phone number and e-mail address are kept from whichever is named."""

    kept: UUID
    merged: UUID
    reason: Text
    phone: Choice = "kept"
    email: Choice = "kept"


class MergeUndone(Struct, frozen=True):
    """A person says that a merge was wrong."""

    merge: UUID
    reason: Text


class ValueFollowed(Struct, frozen=True):
    """Something came to a merged member after all, such as money that was refunded."""

    merge: UUID
    version: int


def followed(session: Session, entries: Mapping[int, Entry]) -> dict[int, Entry]:
    """The same entries, for the members that were kept; their ids and their content as it came stay as they are."""
    named = {member for entry in entries.values() for member in _named(entry.item)}
    kept = kept_for(session, named) if named else {}
    if not kept:
        return dict(entries)
    return {
        number: msgspec.structs.replace(entry, item=_renamed(entry.item, kept)) for number, entry in entries.items()
    }


def insist(entries: Iterable[Entry], standings: Standings) -> None:
    """Insist that no member that is named was merged, or none since merges were read: their accounts are locked now.

    Raises:
        RaceLostError: if one was, so that everything is read again, merges too.
    """
    for entry in entries:
        for member in _named(entry.item):
            state = standings.members.get(member)
            if state is not None and state.state == MERGED_STATE:
                raise RaceLostError


def _named(item: Item) -> list[UUID]:
    return [getattr(item.body, name) for name in FOLLOWING.get(item.kind, ())]


def _renamed(item: Item, kept: Mapping[UUID, UUID]) -> Item:
    named = {name: getattr(item.body, name) for name in FOLLOWING.get(item.kind, ())}
    if not any(member in kept for member in named.values()):
        return item
    others = {name: kept.get(member, member) for name, member in named.items()}
    return replace(item, body=msgspec.structs.replace(item.body, **others))


def kept_for(session: Session, members: Collection[UUID]) -> dict[UUID, UUID]:
    """For each of these members that is merged: the one that was kept in the end."""
    last = {member: member for member in members}
    for _step in range(CHAIN_MAX):
        found = queries.pointers(session, set(last.values()))
        if not found:
            return {member: kept for member, kept in last.items() if member != kept}
        last = {member: found.get(kept, kept) for member, kept in last.items()}
    raise AssertionError("merges never form a ring, because a merged member cannot be kept")


def into(session: Session, member: UUID) -> list[UUID]:
    """Everybody who was merged into a member, or into one of those, in the order of their ids."""
    found: set[UUID] = set()
    newest = {member}
    while newest:
        newest = {row.merged for row in queries.into(session, newest)} - found
        found |= newest
    return sorted(found)


def behind(session: Session, now: datetime, limit: int) -> list[Item]:
    """What is to be booked where value lies with merged members; the same value always gives the same item."""
    return [_following(row.id, row.version, now) for row in queries.left_behind(session, limit)]


def _following(merge: UUID, version: int, now: datetime) -> Item:
    body = ValueFollowed(merge, version)
    return Item(
        id=derived_id(merge, f"{FOLLOWED}.{version}"),
        kind=FOLLOWED,
        body=body,
        source=ByJob(JOB),
        fingerprint=hashlib.sha256(codec.encode(body)).digest(),
        occurred_at=now,
    )
