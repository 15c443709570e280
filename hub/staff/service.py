"""Keys and the audit log as the rest of the hub uses them."""

import base64
import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.bulk import among
from hub.intake import RandomBytes
from hub.staff.models import ApiKey, AuditEntry
from hub.staff.permissions import Permission
from protocol.errors import ErrorCode
from protocol.ids import event_id

SECRET_BYTES = 32
PREFIX = "mt"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who stands behind a key, and what the key may do. `stores` None means every store."""

    key: UUID
    permissions: frozenset[str]
    stores: frozenset[str] | None
    revoked: bool

    @property
    def actor(self) -> str:
        """The principal's name in ledger and audit log."""
        return f"key:{self.key}"

    def refusal(self, permission: Permission | None, store: str | None = None) -> ErrorCode | None:
        """Why this principal may not do something; None where it may."""
        if self.revoked:
            return ErrorCode.KEY_REVOKED
        if permission is None or permission.value not in self.permissions:
            return ErrorCode.PERMISSION_DENIED
        return None if store is None else self.store_refusal(store)

    def covers(self, permissions: Iterable[Permission], stores: Collection[str]) -> bool:
        """Tell whether this principal may itself do everything that such a key could."""
        allowed = {permission.value for permission in permissions} <= self.permissions
        return allowed and (self.stores is None or (bool(stores) and set(stores) <= self.stores))

    def store_refusal(self, store: str) -> ErrorCode | None:
        """Why this principal may not act in a store; None where it may."""
        return None if self.stores is None or store in self.stores else ErrorCode.STORE_OUT_OF_SCOPE


def hash_of(secret: str) -> bytes:
    """What is stored of a secret. It has 256 random bits, so a slow hash would only slow the hub down."""
    return hashlib.sha256(secret.encode()).digest()


def principals(session: Session, hashes: Collection[bytes]) -> dict[bytes, Principal]:
    """Look keys up by the hashes of their secrets."""
    found = session.execute(select(ApiKey).where(among(session, ApiKey.secret_hash, hashes))).scalars()
    return {
        key.secret_hash: Principal(
            key.id,
            frozenset(key.permissions),
            frozenset(key.stores) or None,
            key.revoked_at is not None,
        )
        for key in found
    }


def issue_key(
    session: Session,
    name: str,
    permissions: Iterable[Permission],
    *,
    stores: Iterable[str],
    now: datetime,
    random: RandomBytes,
) -> tuple[ApiKey, str]:
    """Make a key; the secret is returned this once and never stored."""
    key_id = event_id(int(now.timestamp() * 1000), random(10))
    secret = f"{PREFIX}_{base64.urlsafe_b64encode(random(SECRET_BYTES)).decode().rstrip('=')}"
    key = ApiKey(
        id=key_id,
        name=name,
        secret_hash=hash_of(secret),
        permissions=sorted(permission.value for permission in permissions),
        stores=sorted(stores),
        created_at=now,
        revoked_at=None,
    )
    session.add(key)
    return key, secret


@dataclass(frozen=True, slots=True)
class Act:
    """A sensitive act, as it is written down. Nothing personal goes into `before` and `after`."""

    actor: str
    action: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    source: str = ""


def audit(session: Session, act: Act, now: datetime, random: RandomBytes) -> None:
    """Write an act down, in the transaction that does it."""
    session.add(
        AuditEntry(
            id=event_id(int(now.timestamp() * 1000), random(10)),
            at=now,
            actor=act.actor,
            action=act.action,
            subject=act.subject,
            before=dict(act.before),
            after=dict(act.after),
            source=act.source,
        )
    )
