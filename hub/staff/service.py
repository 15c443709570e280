"""Keys as the rest of the hub uses them."""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.db.reading import Asked, Prepared
from hub.staff.models import ApiKey
from hub.staff.permissions import Permission, Role
from protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Principal:
    """Who stands behind a key, and what the key may do. `stores` None means every store.

    `ended` tells why it counts no more; None while it does.
    """

    key: UUID
    permissions: frozenset[str]
    role: str
    stores: frozenset[str] | None
    ended: ErrorCode | None

    @property
    def actor(self) -> str:
        """The principal's name in ledger and audit log."""
        return f"key:{self.key}"

    def refusal(self, permission: Permission | None, store: str | None = None) -> ErrorCode | None:
        """Why this principal may not do something; None where it may."""
        if self.ended is not None:
            return self.ended
        if permission is None or permission.value not in self.permissions:
            return ErrorCode.PERMISSION_DENIED
        return None if store is None else self.store_refusal(store)

    def covers(self, permissions: Iterable[Permission], stores: Collection[str], role: Role | None) -> bool:
        """Tell whether this principal may itself do everything that such a key could.

        Roles have limits that only the programme's terms know, so a key gives away its own role alone. One that may do
        everything everywhere gives any: it is how the first key with a role is made.
        """
        allowed = {permission.value for permission in permissions} <= self.permissions
        everything = self.stores is None and {permission.value for permission in Permission} <= self.permissions
        known = role is None or role.value == self.role or everything
        return allowed and known and (self.stores is None or (bool(stores) and set(stores) <= self.stores))

    def store_refusal(self, store: str) -> ErrorCode | None:
        """Why this principal may not act in a store; None where it may."""
        return None if self.stores is None or store in self.stores else ErrorCode.STORE_OUT_OF_SCOPE


def hash_of(secret: str) -> bytes:
    """What is stored of a secret. It has 256 random bits, so a slow hash would only slow the hub down."""
    return hashlib.sha256(secret.encode()).digest()


def ask_principals(session: Session, hashes: Collection[bytes], now: datetime) -> Asked[dict[bytes, Principal]]:
    """Look keys up by the hashes of their secrets, as they are at a moment."""
    return _KEYS.ask(session, hashes=hashes).then(lambda keys: _by_hash(keys, now))


def principals(session: Session, hashes: Collection[bytes], now: datetime) -> dict[bytes, Principal]:
    """Look keys up by the hashes of their secrets, and wait for the answer."""
    return ask_principals(session, hashes, now).answer()


_KEYS = Prepared(
    lambda among: select(
        *(ApiKey.id, ApiKey.secret_hash, ApiKey.permissions, ApiKey.role, ApiKey.stores, ApiKey.revoked_at),
        *(ApiKey.expires_at, ApiKey.old_hash, ApiKey.old_until),
    ).where(or_(among(ApiKey.secret_hash, "hashes"), among(ApiKey.old_hash, "hashes")))
)


def _by_hash(keys: Iterable[Any], now: datetime) -> dict[bytes, Principal]:
    found = {}
    for key in keys:
        ended = None
        if key.revoked_at is not None:
            ended = ErrorCode.KEY_REVOKED
        elif key.expires_at is not None and key.expires_at <= now:
            ended = ErrorCode.KEY_EXPIRED
        stores = frozenset(key.stores) or None
        principal = Principal(key.id, frozenset(key.permissions), key.role, stores, ended)
        found[key.secret_hash] = principal
        if key.old_hash is not None:
            is_over = key.old_until <= now
            found[key.old_hash] = replace(principal, ended=ended or ErrorCode.KEY_EXPIRED) if is_over else principal
    return found
