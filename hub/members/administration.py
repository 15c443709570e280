"""Looking after one member: what staff change of a profile, and whether the member takes part. Knows no HTTP."""

import hashlib
from collections.abc import Mapping
from datetime import date
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.members import profile
from hub.members.models import Member
from hub.members.profile import COLUMNS, Given
from hub.members.rules import PERSONAL, Fault
from hub.members.vault import Vault

ACTIVE, INACTIVE = "active", "inactive"
EDITABLE = frozenset({"active", "blocked", "inactive"})
"""States of members that are still looked after. Who is merged is looked after as the other one."""

PLAIN = ("home_store", "language")
"""Fields that are not personal, and may be changed."""


def locked(session: Session, member: UUID) -> Member | None:
    """A member whose row nobody else changes meanwhile. What refers to it can still be added."""
    query = select(Member).where(Member.id == member).with_for_update(key_share=True)
    return session.execute(query.execution_options(populate_existing=True)).scalar_one_or_none()


def version_of(member: Member) -> str:
    """What tells a profile from any other that this member had: a digest of the row, whose ciphertexts never repeat."""
    parts = [getattr(member, name) for name in (*COLUMNS, *PLAIN, "state")]
    told = "|".join(part.hex() if isinstance(part, bytes) else str(part) for part in parts)
    return hashlib.sha256(told.encode()).hexdigest()[:32]


def edit(
    session: Session, vault: Vault, member: Member, changes: Mapping[str, str | None], *, today: date
) -> tuple[Fault, ...]:
    """Change fields of a member; None takes a value away. Returns what is wrong, and has changed nothing then."""
    personal = {name: value for name, value in changes.items() if name in PERSONAL}
    [judged] = profile.judge(session, vault, [Given(personal, member.id)], today)
    if judged.faults:
        return judged.faults
    if personal:
        profile.write(session, vault, {member.id: judged.values})
    for name in PLAIN:
        value = changes.get(name)
        if value is not None:
            setattr(member, name, value)
    session.flush()
    session.refresh(member)
    return ()
