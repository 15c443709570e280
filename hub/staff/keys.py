"""The life of API keys: made, rotated, ended. A secret is shown when it is made, and only its hash is stored.

A credential is `mt_ID.SECRET`. The id lets people and scanners of leaked secrets tell whose it is; what is looked up is
the hash of the whole, so that credentials without an id, as they were made at first, go on working.
"""

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from hub.audit.service import Act, audit
from hub.intake import RandomBytes
from hub.staff.models import ApiKey
from hub.staff.permissions import Permission, Role
from hub.staff.service import hash_of
from protocol.ids import event_id

SECRET_BYTES = 32
PREFIX = "mt"

SENSITIVE_PERMISSIONS = frozenset(
    {
        Permission.APPROVALS_WRITE,
        Permission.FINANCE_WRITE,
        Permission.KEYS_WRITE,
        Permission.LEASES_WRITE,
        Permission.MEMBERS_EXPORT,
        Permission.MEMBERS_IMPORT,
        Permission.MEMBERS_MERGE,
        Permission.MEMBERS_REVEAL,
        Permission.PAY_OUTS_WRITE,
        Permission.PRIVACY_WRITE,
        Permission.STAFF_WRITE,
        Permission.WEBHOOKS_WRITE,
    }
)
"""A key with one of these gives away money, personal data or rights, so a second person agrees to it first."""

KEY_MADE = "key.made"

OVERLAP_MAX_H = 7 * 24
"""Longest time that the old secret of a rotated key goes on working."""


def issue_key(
    session: Session,
    name: str,
    permissions: Iterable[Permission],
    *,
    stores: Iterable[str],
    role: Role | None = None,
    now: datetime,
    random: RandomBytes,
) -> tuple[ApiKey, str]:
    """Make a key; the secret is returned this once and never stored."""
    key_id = event_id(int(now.timestamp() * 1000), random(10))
    secret = _credential(key_id, random)
    key = ApiKey(
        id=key_id,
        name=name,
        secret_hash=hash_of(secret),
        old_hash=None,
        old_until=None,
        permissions=sorted(permission.value for permission in permissions),
        role=role.value if role else "",
        stores=sorted(stores),
        created_at=now,
        expires_at=None,
        last_used_at=None,
        revoked_at=None,
    )
    session.add(key)
    return key, secret


class Wish(Struct, frozen=True):
    """A key that somebody wants."""

    name: str
    permissions: tuple[Permission, ...]
    stores: tuple[str, ...]
    role: Role | None
    expires_at: datetime | None

    @property
    def is_sensitive(self) -> bool:
        """Tell whether a second person must agree."""
        return not SENSITIVE_PERMISSIONS.isdisjoint(self.permissions)


def make(
    session: Session, wish: Wish, actor: str, *, source: str = "", now: datetime, random: RandomBytes
) -> tuple[ApiKey, str]:
    """Make the key that somebody wants, and write it down; the secret is returned this once.

    `source` is where the request came from.
    """
    key, secret = issue_key(
        session, wish.name, wish.permissions, stores=wish.stores, role=wish.role, now=now, random=random
    )
    key.expires_at = wish.expires_at
    until = wish.expires_at.isoformat() if wish.expires_at else None
    given = {"permissions": key.permissions, "stores": key.stores, "role": key.role, "expires_at": until}
    session.flush()
    audit(session, Act(actor, KEY_MADE, str(key.id), {}, given, source), now, random)
    return key, secret


def rotate(key: ApiKey, overlap: timedelta, now: datetime, random: RandomBytes) -> str:
    """Give a key another secret, returned this once. The one before works until the overlap ends; none before that."""
    secret = _credential(key.id, random)
    key.old_hash, key.old_until = key.secret_hash, now + overlap
    key.secret_hash = hash_of(secret)
    return secret


def _credential(key: UUID, random: RandomBytes) -> str:
    secret = base64.urlsafe_b64encode(random(SECRET_BYTES)).decode().rstrip("=")
    return f"{PREFIX}_{key.hex}.{secret}"
