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

from hub.db.reading import Asked, Prepared, among
from hub.intake import Item, RandomBytes
from hub.staff.models import ApiKey, Approval, AuditEntry
from hub.staff.permissions import Permission, Role
from protocol.errors import ErrorCode
from protocol.ids import event_id

SECRET_BYTES = 32
PREFIX = "mt"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who stands behind a key, and what the key may do. `stores` None means every store."""

    key: UUID
    permissions: frozenset[str]
    role: str
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


def ask_principals(session: Session, hashes: Collection[bytes]) -> Asked[dict[bytes, Principal]]:
    """Look keys up by the hashes of their secrets."""
    return _KEYS.ask(session, hashes=hashes).then(
        lambda keys: {
            key.secret_hash: Principal(
                key.id,
                frozenset(key.permissions),
                key.role,
                frozenset(key.stores) or None,
                key.revoked_at is not None,
            )
            for key in keys
        }
    )


def principals(session: Session, hashes: Collection[bytes]) -> dict[bytes, Principal]:
    """Look keys up by the hashes of their secrets, and wait for the answer."""
    return ask_principals(session, hashes).answer()


_KEYS = Prepared(
    lambda among: select(
        ApiKey.id, ApiKey.secret_hash, ApiKey.permissions, ApiKey.role, ApiKey.stores, ApiKey.revoked_at
    ).where(among(ApiKey.secret_hash, "hashes"))
)


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
    secret = f"{PREFIX}_{base64.urlsafe_b64encode(random(SECRET_BYTES)).decode().rstrip('=')}"
    key = ApiKey(
        id=key_id,
        name=name,
        secret_hash=hash_of(secret),
        permissions=sorted(permission.value for permission in permissions),
        role=role.value if role else "",
        stores=sorted(stores),
        created_at=now,
        revoked_at=None,
    )
    session.add(key)
    return key, secret


@dataclass(frozen=True, slots=True)
class Approved:
    """A second person's word: by whom, and for which content."""

    actor: str
    kind: str
    content: bytes

    def refusal(self, item: Item, actor: str) -> ErrorCode | None:
        """Why this is no approval of an item that `actor` brings; None where it is."""
        if self.actor == actor:
            return ErrorCode.APPROVAL_OWN
        is_same = (self.kind, self.content) == (item.kind, item.fingerprint)
        return None if is_same else ErrorCode.APPROVAL_DIFFERENT


def approvals(session: Session, requests: Collection[UUID]) -> dict[UUID, Approved]:
    """Approvals by the ids of the requests that they are for."""
    columns = (Approval.request, Approval.actor, Approval.kind, Approval.content)
    found = session.execute(select(*columns).where(among(session, Approval.request, requests)))
    return {row.request: Approved(row.actor, row.kind, row.content) for row in found}


def approve(session: Session, request: UUID, approved: Approved, now: datetime) -> None:
    """Write down the one approval that a request can have."""
    session.add(Approval(request=request, kind=approved.kind, content=approved.content, actor=approved.actor, at=now))


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
