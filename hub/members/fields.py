"""Values of the fields that a chain has defined, sealed like every personal field, many members at a time."""

from collections.abc import Collection, Mapping
from pathlib import Path
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

import hub
from hub.db.bulk import insert_rows
from hub.db.reading import among
from hub.members.definitions import SEPARATOR, FieldDefinition
from hub.members.models import MemberField
from hub.members.profile import keys_of
from hub.members.vault import Vault, VaultError
from hub.problems import LANGUAGES
from hub.programme.service import Terms
from protocol.limits import FIELDS_MAX
from protocol.state import ShownField
from protocol.values import Texts, text_in
from provisioning.sentences import sentences

HUB = Path(hub.__file__).parent
VALUE_MAX_CHARS = 40
"""So much of a value is shown at a kiosk, where fields share two lines."""

FAMILY = "fields"
"""The family of terms that define fields."""


def definitions(terms: Terms) -> dict[str, FieldDefinition]:
    """The fields that are defined now, by name."""
    return {
        version.name.removeprefix(f"{FAMILY}."): version.document for version in terms.family(FAMILY, FieldDefinition)
    }


def on_kiosks(session: Session, vault: Vault, terms: Terms, members: Collection[UUID]) -> dict[UUID, list[ShownField]]:
    """What kiosks show of these members, as many fields as fit; members without any are left out."""
    own = {name: each for name, each in definitions(terms).items() if each.is_on("kiosk")}
    if not own:
        return {}
    found = read(session, vault, members, own)
    shown = {
        member: [ShownField(own[name].names, legible(own[name], value)) for name, value in sorted(values.items())]
        for member, values in found.items()
    }
    return {member: several[:FIELDS_MAX] for member, several in shown.items() if several}


def legible(definition: FieldDefinition, value: str) -> Texts:
    """A value as people read it, by language; what is the same in all stands once."""
    match definition.kind:
        case "choice" | "multi":
            chosen = [definition.choices[each] for each in value.split(SEPARATOR) if each in definition.choices]
            return {language: _cut(", ".join(text_in(each, language) for each in chosen)) for language in LANGUAGES}
        case "yes_no":
            return {
                language: sentences((language, *LANGUAGES), (HUB,), ("members.ftl",)).format_value(f"field-{value}", {})
                for language in LANGUAGES
            }
        case _:
            return {LANGUAGES[0]: _cut(value)}


def _cut(text: str) -> str:
    return text if len(text) <= VALUE_MAX_CHARS else text[: VALUE_MAX_CHARS - 1] + "…"


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
