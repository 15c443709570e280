"""Personal fields of members, many members at a time: judged, read, and written under each member's own key.

Nothing here asks the database once per member, because imports bring a hundred thousand.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.bulk import Row, update_rows
from hub.db.reading import among
from hub.members import tokens
from hub.members.models import Member, MemberKey
from hub.members.rules import INDEXED, NAME, PERSONAL, PHONE, Fault, masked, normal
from hub.members.vault import Vault, VaultError, WrappedKey, place_of
from protocol.errors import ErrorCode

Values = Mapping[str, str | None]
"""Values by field; None takes a value away."""


@dataclass(frozen=True, slots=True)
class Given:
    """What somebody gave for a member; `member` is None where the member is still to join."""

    values: Values
    member: UUID | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """Values in the form in which they are kept, and what is wrong; `owner` is who has the phone number already."""

    values: dict[str, str | None]
    faults: tuple[Fault, ...]
    owner: UUID | None = None


def judge(session: Session, vault: Vault, given: Sequence[Given], today: date) -> list[Judged]:
    """Judge what was given, in order: the form of each field, and whether a phone number is somebody else's.

    A number that two of them give is the first one's; its `owner` is then None, because nobody has it yet.
    """
    normals = [normal(each.values, today) for each in given]
    phones = [one.values.get(PHONE) for one in normals]
    owners = by_field(session, vault, PHONE, [phone for phone in phones if phone])
    judged, seen = [], set()
    for each, one, phone in zip(given, normals, phones, strict=True):
        others = [owner for owner in owners.get(phone or "", []) if owner != each.member]
        is_taken = bool(others) or phone in seen
        faults = (*one.faults, Fault(PHONE, ErrorCode.MEMBER_PHONE_TAKEN)) if is_taken else one.faults
        judged.append(Judged(one.values, faults, others[0] if others else None))
        if phone:
            seen.add(phone)
    return judged


def by_field(session: Session, vault: Vault, field: str, values: Collection[str]) -> dict[str, list[UUID]]:
    """Members by an exact value of `phone` or `email`, in the form in which it is kept."""
    if not values:
        return {}
    column = getattr(Member, f"{field}_index")
    indexes = {index: value for value in values for index in vault.indexes_of(field, value)}
    found: dict[str, list[UUID]] = defaultdict(list)
    query = select(Member.id, column).where(among(session, column, list(indexes))).order_by(Member.id)
    for member, index in session.execute(query):
        found[indexes[index]].append(member)
    return dict(found)


def read(
    session: Session, vault: Vault, members: Collection[UUID], fields: Collection[str]
) -> dict[UUID, dict[str, str]]:
    """Values in clear, for these members, of these fields; what is not there, or cannot be opened, is left out."""
    opened: dict[UUID, dict[str, str]] = {member: {} for member in members}
    columns = [getattr(Member, field) for field in fields]
    query = (
        select(Member.id, MemberKey.wrapped_by, MemberKey.wrapped, *columns)
        .join(MemberKey, MemberKey.member == Member.id)
        .where(among(session, Member.id, list(members)))
    )
    for member, wrapped_by, wrapped, *sealed in session.execute(query) if members else ():
        opened[member] = _opened(vault, member, WrappedKey(wrapped_by, wrapped), dict(zip(fields, sealed, strict=True)))
    return opened


def read_masked(
    session: Session, vault: Vault, members: Collection[UUID], fields: Collection[str]
) -> dict[UUID, dict[str, str]]:
    """Values as somebody sees them who has not said why they need them."""
    opened = read(session, vault, members, fields)
    return {
        member: {field: masked(field, value) for field, value in values.items()} for member, values in opened.items()
    }


def write(session: Session, vault: Vault, changes: Mapping[UUID, Values]) -> None:
    """Write values that were judged. Members whose key has been destroyed are left alone: nothing can be sealed."""
    keys = keys_of(session, vault, changes)
    rows: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for member, key in sorted(keys.items()):
        sealed = sealed_columns(vault, key, member, changes[member])
        rows[tuple(sealed)].append((member, *sealed.values()))
    for columns, some in sorted(rows.items()):
        update_rows(session, Member, ("id",), columns, rows=some)
    names = {member: name for member in keys if (name := changes[member].get(NAME)) is not None}
    if names:
        tokens.index(session, vault, names)


def keys_of(session: Session, vault: Vault, members: Collection[UUID]) -> dict[UUID, bytes]:
    """The members' own keys, opened.

    Raises:
        VaultError: if the key-encryption key of one is not here.
    """
    query = select(MemberKey.member, MemberKey.wrapped_by, MemberKey.wrapped)
    rows = session.execute(query.where(among(session, MemberKey.member, list(members)))) if members else ()
    return {row.member: vault.unwrap(WrappedKey(row.wrapped_by, row.wrapped)) for row in rows}


def sealed_columns(vault: Vault, key: bytes, member: UUID, values: Values) -> dict[str, bytes | None]:
    """The columns that keep these values, by name: ciphertexts, and keyed hashes of what is found exactly."""
    columns: dict[str, bytes | None] = {}
    for field in sorted(values):
        value = values[field]
        columns[field] = None if value is None else vault.seal(key, value, place_of(member, field))
        if field in INDEXED:
            columns[f"{field}_index"] = None if value is None else vault.index_of(field, value)
    return columns


COLUMNS = (*PERSONAL, *(f"{field}_index" for field in INDEXED))
"""Every column of a member that is personal, or tells of something personal."""


def _opened(vault: Vault, member: UUID, wrapped: WrappedKey, sealed: Mapping[str, Any]) -> dict[str, str]:
    try:
        key = vault.unwrap(wrapped)
    except VaultError:
        return {}
    values = {}
    for field, text in sealed.items():
        if text is None:
            continue
        try:
            values[field] = vault.open(key, bytes(text), place_of(member, field))
        except VaultError:
            continue
    return values
