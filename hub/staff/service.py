"""Who calls: people by their sessions and programs by their keys, as the rest of the hub asks for them."""

import hashlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.orm import Session

from hub.db.reading import Asked, Prepared, Rows
from hub.staff.models import ApiKey, OwnRole, Person, PersonRegion, StaffSession
from hub.staff.permissions import ROLES, Permission, Role
from hub.stores.models import Store
from protocol.errors import ErrorCode

IDLE_MAX_MIN = 30
"""A session that is not used for so long has ended."""

SEEN_EVERY_S = 60
"""How exactly it is written down when a session was last used: more often would cost a write with every read."""

KEY = "key:"
"""What the name of a program begins with, before its key's id."""

CONFIRMED_MAX_MIN = 10
"""How long somebody is taken to be there still, after a log-in or a confirmation."""


@dataclass(frozen=True, slots=True)
class LogIn:
    """The session of a person, as a request that comes with it needs it."""

    id: UUID
    person: UUID
    seen_at: datetime
    confirmed_at: datetime

    def is_confirmed(self, now: datetime) -> bool:
        """Tell whether the person proved lately to be there."""
        return now - self.confirmed_at <= timedelta(minutes=CONFIRMED_MAX_MIN)


@dataclass(frozen=True, slots=True)
class Principal:
    """Who calls, and what they may do. `stores` None means every store.

    `actor` is the name in ledger and audit log: `staff:ID` or `key:ID`. `ended` tells why session or key counts no
    more; None while it does. `log_in` is there for people; `used_at` tells when a key's use was last written
    down. `address` is where the request came from.
    """

    actor: str
    permissions: frozenset[str]
    role: str
    stores: frozenset[str] | None
    ended: ErrorCode | None
    log_in: LogIn | None = None
    address: str = ""
    used_at: datetime | None = None

    @property
    def seen_at(self) -> datetime | None:
        """When it was last written down that this session or key is used; None where it never was."""
        return self.log_in.seen_at if self.log_in else self.used_at

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
    """Look sessions and keys up by the hashes of their secrets, as they are at a moment."""
    sessions, keys = _SESSIONS.ask(session, hashes=hashes), _KEYS.ask(session, hashes=hashes)

    def found(rows: Rows) -> dict[bytes, Principal]:
        known, opened = _keys_by_hash(keys.answer(), now), list(rows)
        if not opened:
            # Most callers are programs; what people may do takes a question more.
            return known
        people = _PEOPLE.rows(session, people={one.person for one in opened})
        return known | _people_by_hash(opened, people, now)

    return sessions.then(found)


def principals(session: Session, hashes: Collection[bytes], now: datetime) -> dict[bytes, Principal]:
    """Look sessions and keys up by the hashes of their secrets, and wait for the answer."""
    return ask_principals(session, hashes, now).answer()


def stale(found: Iterable[Principal], now: datetime) -> list[Principal]:
    """Principals that were last seen so long ago that it must be written down anew."""
    before = now - timedelta(seconds=SEEN_EVERY_S)
    return [one for one in found if one.ended is None and (one.seen_at is None or one.seen_at <= before)]


def touch(session: Session, found: Iterable[Principal], now: datetime) -> None:
    """Write down that these sessions and keys are used now, where that is a while ago."""
    used = stale(found, now)
    sessions = {one.log_in.id for one in used if one.log_in}
    keys = {UUID(one.actor.removeprefix(KEY)) for one in used if one.log_in is None}
    if sessions:
        session.execute(update(StaffSession).where(StaffSession.id.in_(sorted(sessions))).values(seen_at=now))
    if keys:
        session.execute(update(ApiKey).where(ApiKey.id.in_(sorted(keys))).values(last_used_at=now))


_SESSIONS = Prepared(
    lambda among: select(
        *(StaffSession.id, StaffSession.token_hash, StaffSession.person, StaffSession.seen_at),
        *(StaffSession.confirmed_at, StaffSession.ends_at, StaffSession.ended_at),
    ).where(among(StaffSession.token_hash, "hashes"))
)
# A person of a region comes once for each of its stores: one question costs less than two.
_PEOPLE = Prepared(
    lambda among: (
        select(
            *(Person.id, Person.state, Person.role, Person.stores, OwnRole.permissions, OwnRole.limits_as),
            *(PersonRegion.region, Store.id.label("store")),
        )
        .select_from(Person)
        .outerjoin(OwnRole, OwnRole.id == Person.role)
        .outerjoin(PersonRegion, PersonRegion.person == Person.id)
        .outerjoin(Store, Store.region == PersonRegion.region)
        .where(among(Person.id, "people"))
    )
)
_KEYS = Prepared(
    lambda among: select(
        *(ApiKey.id, ApiKey.secret_hash, ApiKey.permissions, ApiKey.role, ApiKey.stores, ApiKey.revoked_at),
        *(ApiKey.expires_at, ApiKey.old_hash, ApiKey.old_until, ApiKey.last_used_at),
    ).where(or_(among(ApiKey.secret_hash, "hashes"), among(ApiKey.old_hash, "hashes")))
)


def _people_by_hash(sessions: Iterable[Any], rows: Iterable[Any], now: datetime) -> dict[bytes, Principal]:
    people: dict[UUID, Any] = {}
    stores: dict[UUID, set[str]] = {}
    in_regions: set[UUID] = set()
    for row in rows:
        people[row.id] = row
        stores.setdefault(row.id, set(row.stores)).update({row.store} - {None})
        if row.region is not None:
            in_regions.add(row.id)
    return {
        one.token_hash: _person(one, people[one.person], _scope(one.person, stores, in_regions), now)
        for one in sessions
    }


def _scope(person: UUID, stores: Mapping[UUID, set[str]], in_regions: Collection[UUID]) -> frozenset[str] | None:
    # A region without stores is nowhere; only who has neither regions nor stores is everywhere.
    return frozenset(stores[person]) if stores[person] or person in in_regions else None


def _person(one: Any, row: Any, stores: frozenset[str] | None, now: datetime) -> Principal:
    built_in = row.role in ROLES
    return Principal(
        f"staff:{row.id}",
        frozenset(ROLES[Role(row.role)] if built_in else row.permissions or ()),
        row.role if built_in else row.limits_as or "",
        stores,
        ErrorCode.SESSION_ENDED if _is_over(one, row.state, now) else None,
        LogIn(one.id, one.person, one.seen_at, one.confirmed_at),
    )


def _is_over(one: Any, state: str, now: datetime) -> bool:
    is_idle = now - one.seen_at >= timedelta(minutes=IDLE_MAX_MIN)
    may_work = state in {"active", "sealed"}
    return one.ended_at is not None or one.ends_at <= now or is_idle or not may_work


def _keys_by_hash(keys: Iterable[Any], now: datetime) -> dict[bytes, Principal]:
    found = {}
    for key in keys:
        ended = None
        if key.revoked_at is not None:
            ended = ErrorCode.KEY_REVOKED
        elif key.expires_at is not None and key.expires_at <= now:
            ended = ErrorCode.KEY_EXPIRED
        stores = frozenset(key.stores) or None
        principal = Principal(
            f"{KEY}{key.id}", frozenset(key.permissions), key.role, stores, ended, used_at=key.last_used_at
        )
        found[key.secret_hash] = principal
        if key.old_hash is not None:
            is_over = key.old_until <= now
            found[key.old_hash] = replace(principal, ended=ended or ErrorCode.KEY_EXPIRED) if is_over else principal
    return found
