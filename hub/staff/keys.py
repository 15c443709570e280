"""The life of API keys: made, rotated, ended. A secret is shown when it is made, and only its hash is stored.

A credential is `mt_ID.SECRET`. The id lets people and scanners of leaked secrets tell whose it is; what is looked up is
the hash of the whole, so that credentials without an id, as they were made at first, go on working.
"""

import base64
from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from hub.intake import RandomBytes
from hub.staff.models import ApiKey
from hub.staff.permissions import Permission, Role
from hub.staff.service import hash_of
from protocol.ids import event_id

SECRET_BYTES = 32
PREFIX = "mt"

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


def rotate(key: ApiKey, overlap: timedelta, now: datetime, random: RandomBytes) -> str:
    """Give a key another secret, returned this once. The one before works until the overlap ends; none before that."""
    secret = _credential(key.id, random)
    key.old_hash, key.old_until = key.secret_hash, now + overlap
    key.secret_hash = hash_of(secret)
    return secret


def _credential(key: UUID, random: RandomBytes) -> str:
    secret = base64.urlsafe_b64encode(random(SECRET_BYTES)).decode().rstrip("=")
    return f"{PREFIX}_{key.hex}.{secret}"
