"""When something has gone wrong: who can still get in from a part of the chain, ending that, and who was affected."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.approvals.queries import HANDS_MAX, SECRET_SHOWN
from hub.audit.models import AuditEntry
from hub.audit.service import Act, audit_all
from hub.cards.models import Card
from hub.composition import Hub
from hub.db.reading import among
from hub.errors import SetupError
from hub.fleet.models import Kiosk
from hub.holds.models import Hold
from hub.members.models import Member
from hub.people import service as people
from hub.purchases.models import Purchase
from hub.returns.models import Return
from hub.sessions import service as sessions
from hub.staff.models import ApiKey, Person, PersonRegion
from hub.stores.models import Store
from hub.wallet.models import WalletReceipt

CHAIN, REGION, STORE, PERSON = "chain", "region", "store", "person"
SCOPES = (CHAIN, REGION, STORE, PERSON)


class IncidentError(SetupError):
    """What is asked for does not exist."""


@dataclass(frozen=True, slots=True)
class Scope:
    """A part of the chain. `name` is a region's, a store's, or a person's id; empty for the whole chain."""

    kind: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Doors:
    """Who and what can get in from a scope: people who may have sessions, keys that work, kiosks that are heard."""

    people: tuple[UUID, ...]
    keys: tuple[UUID, ...]
    kiosks: tuple[str, ...]


def doors(session: Session, scope: Scope, now: datetime) -> Doors:
    """Everything by which somebody gets in from a scope.

    A store or region has the people and keys that hold there alone or among others; who acts in the whole chain belongs
    to none of them. A person has the keys that the person made, and those made with them.

    Raises:
        IncidentError: there is no such scope.
    """
    if scope.kind == PERSON:
        return _person_s(session, scope, now)
    stores = _stores(session, scope)
    in_scope = None if scope.kind == CHAIN else stores
    kiosks = session.execute(select(Kiosk.id).where(Kiosk.state == "active", among(session, Kiosk.store, stores)))
    keys = [key.id for key in _working_keys(session, now) if in_scope is None or in_scope & set(key.stores)]
    return Doors(tuple(_people(session, in_scope)), tuple(sorted(keys)), tuple(sorted(kiosks.scalars())))


def end(hub: Hub, scope: Scope, reason: str) -> Doors:
    """End every session, key and kiosk of a scope, and withdraw invitations, in one transaction; what was ended.

    Raises:
        IncidentError: there is no such scope.
    """
    return hub.database.run(lambda session: _end(session, hub, scope, reason))


def affected(session: Session, actor: str, since: datetime, until: datetime) -> Counter[UUID]:
    """Members whose data an actor, or a key that the actor made, has opened or changed, and how often.

    What was only looked at with a masked name is not written down, and so not among it.
    """
    actors = {actor, *(f"key:{key}" for key in _made_by(session, actor))}
    return Counter(_touched(session, actors, since, until))


def _end(session: Session, hub: Hub, scope: Scope, reason: str) -> Doors:
    now = hub.clock()
    found = doors(session, scope, now)
    for person in found.people:
        sessions.end_all(session, person, now)
        people.withdraw_invitations(session, person, now)
    for key in found.keys:
        session.get_one(ApiKey, key).revoked_at = now
    for kiosk in found.kiosks:
        session.get_one(Kiosk, kiosk, with_for_update=True).state = "revoked"
    ended = {"people": len(found.people), "keys": len(found.keys), "kiosks": len(found.kiosks)}
    acts = [Act("console", "incident.ended", scope.name or scope.kind, {}, {"scope": scope.kind, **ended})]
    acts += [Act("console", "staff.sessions_ended", str(person), {}, {}) for person in found.people]
    acts += [Act("console", "key.revoked", str(key), {}, {}) for key in found.keys]
    acts += [
        Act("console", "kiosk.revoked", kiosk, {"state": "active"}, {"state": "revoked"}) for kiosk in found.kiosks
    ]
    session.flush()
    audit_all(session, [replace(act, reason=reason) for act in acts], now, hub.random_bytes)
    return found


def _person_s(session: Session, scope: Scope, now: datetime) -> Doors:
    number = _uuid(scope.name)
    person = None if number is None else session.get(Person, number)
    if person is None:
        raise IncidentError(f"there is no person {scope.name}")
    made = _made_by(session, f"staff:{person.id}")
    keys = [key.id for key in _working_keys(session, now) if key.id in made]
    return Doors((person.id,), tuple(sorted(keys)), ())


def _stores(session: Session, scope: Scope) -> set[str]:
    query = select(Store.id)
    if scope.kind != CHAIN:
        query = query.where((Store.region if scope.kind == REGION else Store.id) == scope.name)
    found = set(session.execute(query).scalars())
    if not found and scope.kind != CHAIN:
        raise IncidentError(f"there is no {scope.kind} {scope.name}")
    return found


def _people(session: Session, stores: set[str] | None) -> list[UUID]:
    everybody = session.execute(select(Person.id, Person.stores).order_by(Person.id)).all()
    if stores is None:
        return [row.id for row in everybody]
    regions = set(session.execute(select(Store.region).where(among(session, Store.id, stores))).scalars())
    in_regions = select(PersonRegion.person).where(among(session, PersonRegion.region, regions))
    there = set(session.execute(in_regions).scalars())
    return [row.id for row in everybody if row.id in there or stores & set(row.stores)]


def _working_keys(session: Session, now: datetime) -> list[ApiKey]:
    keys = session.execute(select(ApiKey).where(ApiKey.revoked_at.is_(None))).scalars()
    return [key for key in keys if key.expires_at is None or key.expires_at > now]


def _made_by(session: Session, actor: str) -> set[UUID]:
    """Keys whose secret an actor was shown, by making or rotating them, and keys made or rotated with those."""
    found: set[UUID] = set()
    actors = [actor]
    for _ in range(HANDS_MAX):
        made = select(AuditEntry.subject).where(
            AuditEntry.action.in_(SECRET_SHOWN), among(session, AuditEntry.actor, actors)
        )
        new = {UUID(key) for key in session.execute(made).scalars()} - found
        if not new:
            break
        found |= new
        actors = [f"key:{key}" for key in new]
    return found


def _touched(session: Session, actors: set[str], since: datetime, until: datetime) -> Iterator[UUID]:
    when = AuditEntry.at >= since, AuditEntry.at < until, among(session, AuditEntry.actor, actors)
    named = [_uuid(subject) for subject in session.execute(select(AuditEntry.subject).where(*when)).scalars()]
    wanted = {name for name in named if name is not None}
    of_cards = select(Card.id, Card.member).where(among(session, Card.id, wanted), Card.member.is_not(None))
    members = {row.id: row.member for row in session.execute(of_cards)}
    members |= {
        one: one for one in session.execute(select(Member.id).where(among(session, Member.id, wanted))).scalars()
    }
    yield from (members[name] for name in named if name in members)
    for model, at in (
        (Purchase, Purchase.purchased_at),
        (Return, Return.returned_at),
        (WalletReceipt, WalletReceipt.at),
        (Hold, Hold.placed_at),
    ):
        rows = select(model.member).where(at >= since, at < until, among(session, model.actor, actors))
        yield from session.execute(rows).scalars()


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
