"""Phone number and e-mail address of two members that are merged, exchanged where the merged one's are the better ones.

Exchanged and not copied, so that a number stays one member's alone and taking the merge back exchanges them again.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db.bulk import update_rows
from hub.members import profile
from hub.members.models import Member
from hub.members.rules import EMAIL, PHONE
from hub.members.vault import Vault
from hub.merges import queries
from hub.merges.rules import Pair

FIELDS = (EMAIL, PHONE)


@dataclass(slots=True)
class Contacts:
    """Part of a booking's working set: what the members that merge can be reached by, and their keys."""

    keys: dict[UUID, bytes] = field(default_factory=dict, repr=False)
    values: dict[UUID, dict[str, str]] = field(default_factory=dict, repr=False)


def load(session: Session, vault: Vault, members: Collection[UUID], contacts: Contacts) -> None:
    """Lock the members' rows, so that nobody changes them meanwhile, and open what is in them."""
    queries.lock_members(session, members)
    contacts.keys |= profile.keys_of(session, vault, members)
    contacts.values |= profile.read(session, vault, members, FIELDS)


def swap(session: Session, vault: Vault, pair: Pair, fields: Sequence[str], *, contacts: Contacts) -> None:
    """Exchange these fields of the two. A member whose key has been destroyed has nothing to exchange."""
    if not fields or not {pair.kept, pair.merged} <= contacts.keys.keys():
        return
    kept, merged = contacts.values[pair.kept], contacts.values[pair.merged]
    contacts.values[pair.kept] = kept | {field: merged.get(field, "") for field in fields}
    contacts.values[pair.merged] = merged | {field: kept.get(field, "") for field in fields}
    # Taken from both first: nobody else may have a number, not even for a moment.
    for is_last in (False, True):
        for member in (pair.kept, pair.merged):
            values = {field: (contacts.values[member][field] or None) if is_last else None for field in fields}
            sealed = profile.sealed_columns(vault, contacts.keys[member], member, values)
            update_rows(session, Member, ("id",), tuple(sealed), rows=[(member, *sealed.values())])
