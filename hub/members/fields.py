"""Values of the fields that a chain has defined, sealed like every personal field, many members at a time."""

from collections.abc import Collection, Mapping
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.db.reading import among
from hub.members.definitions import FieldDefinition
from hub.members.models import MemberField
from hub.members.profile import keys_of
from hub.members.vault import Vault, VaultError
from hub.programme.service import Terms

FAMILY = "fields"
"""The family of terms that define fields."""


def definitions(terms: Terms) -> dict[str, FieldDefinition]:
    """The fields that are defined now, by name."""
    return {
        version.name.removeprefix(f"{FAMILY}."): version.document for version in terms.family(FAMILY, FieldDefinition)
    }


def write(
    session: Session,
    vault: Vault,
    defined: Mapping[str, FieldDefinition],
    changes: Mapping[UUID, Mapping[str, str | None]],
) -> None:
    """Write values that were judged; None takes one away. Members whose key has been destroyed are left alone."""
    keys = keys_of(session, vault, changes)
    rows = []
    for member, key in sorted(keys.items()):
        for field, value in sorted(changes[member].items()):
            if value is not None:
                index = vault.index_of(space_of(field), value) if defined[field].searchable else None
                rows.append((member, field, vault.seal(key, value, place_of(member, field)), index))
    for field in sorted({field for each in changes.values() for field in each}):
        holders = [member for member, values in changes.items() if field in values]
        old = delete(MemberField).where(MemberField.field == field, among(session, MemberField.member, holders))
        session.execute(old)
    insert_rows(session, MemberField, ("member", "field", "value", "search_index"), rows)


def read(
    session: Session, vault: Vault, members: Collection[UUID], wanted: Collection[str]
) -> dict[UUID, dict[str, str]]:
    """Values in clear, of these members and these fields; what is not there, or cannot be opened, is left out."""
    keys, opened = keys_of(session, vault, members), {member: dict[str, str]() for member in members}
    query = select(MemberField.member, MemberField.field, MemberField.value).where(
        among(session, MemberField.member, list(members)), MemberField.field.in_(sorted(wanted))
    )
    for row in session.execute(query.order_by(MemberField.field)):
        try:
            opened[row.member][row.field] = vault.open(keys[row.member], row.value, place_of(row.member, row.field))
        except (KeyError, VaultError):
            continue
    return opened


def having(session: Session, vault: Vault, field: str, value: str) -> list[UUID]:
    """Members with exactly this value, in the form in which it is kept, in a field that can be searched."""
    indexes = vault.indexes_of(space_of(field), value)
    query = select(MemberField.member).where(MemberField.field == field, MemberField.search_index.in_(indexes))
    return list(session.execute(query.order_by(MemberField.member)).scalars())


def place_of(member: UUID, field: str) -> str:
    """Place of a value, as the vault names it."""
    return f"member_fields|{member}|{field}"


def space_of(field: str) -> str:
    """What keeps the keyed hashes of a field apart from those of all others."""
    return f"{FAMILY}.{field}"
