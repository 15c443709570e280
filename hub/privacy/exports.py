"""Exports of everything about a member: made once a second person has agreed, kept sealed, fetched once."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from hub.members.profile import keys_of
from hub.members.vault import Vault
from hub.privacy import queries
from hub.privacy.everything import everything
from hub.privacy.models import PersonalExport
from protocol.errors import ErrorCode

EXPORTED = "member.exported"
EXPORTS_KEPT_DAYS = 7
"""How long an export waits to be fetched."""


def make(session: Session, vault: Vault, made: PersonalExport) -> ErrorCode | None:
    """Keep an export, sealed under the member's own key, so that it dies with it; or why there is none.

    It tells of those who were merged into the member too.
    """
    keys = keys_of(session, vault, [made.member])
    if not keys:
        return ErrorCode.MEMBER_ERASED
    known = [everything(session, vault, member) for member in queries.with_merged(session, made.member)]
    text = msgspec.json.encode(known[0] | {"merged": known[1:]}).decode()
    made.sealed = vault.seal(keys[made.member], text, _place(made.request))
    session.add(made)
    return None


def waiting(request: UUID, member: UUID, asked_by: str, now: datetime) -> PersonalExport:
    """An export that is to be made."""
    until = now + timedelta(days=EXPORTS_KEPT_DAYS)
    return PersonalExport(
        request=request, member=member, asked_by=asked_by, sealed=None, made_at=now, until=until, fetched_at=None
    )


def fetch(session: Session, vault: Vault, request: UUID, *, actor: str, now: datetime) -> dict[str, Any] | ErrorCode:
    """Give an export to whoever asked for it, and destroy it; or why there is nothing to give."""
    found = session.get(PersonalExport, request, with_for_update=True)
    if found is None or found.asked_by != actor:
        return ErrorCode.EXPORT_UNKNOWN
    keys = keys_of(session, vault, [found.member])
    if found.sealed is None or found.until <= now or not keys:
        return ErrorCode.EXPORT_GONE
    content: dict[str, Any] = msgspec.json.decode(vault.open(keys[found.member], found.sealed, _place(request)))
    found.sealed, found.fetched_at = None, now
    return {"member": found.member, "made_at": found.made_at, "content": content}


def _place(request: UUID) -> str:
    return f"personal_exports|{request}|sealed"
