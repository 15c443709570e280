"""People and own roles as rows: who reaches where, who is let in, and that an admin remains."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from hub.intake import RandomBytes
from hub.sessions import totp
from hub.sessions.service import end_all
from hub.sessions.tickets import Safe, text_of
from hub.staff.models import Invitation, OwnRole, Passkey, Person, PersonRegion
from hub.staff.permissions import Role
from hub.staff.service import hash_of
from hub.stores.models import Store
from protocol.ids import event_id

TOKEN_BYTES = 32
PREFIX = "mi"

INVITATION_LASTS_H = 72
FIRST_LASTS_H = 1
"""How long the first admin has; whoever runs the hub can make another token at once."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a person's role holds: as it was given, and the stores that this is today (None: the whole chain)."""

    stores: list[str]
    regions: list[str]
    reaches: frozenset[str] | None


def places_of(session: Session, people: Sequence[Person]) -> dict[UUID, Place]:
    """Where the roles of these people hold."""
    ids = [person.id for person in people]
    query = (
        select(PersonRegion.person, PersonRegion.region, Store.id)
        .outerjoin(Store, Store.region == PersonRegion.region)
        .where(PersonRegion.person.in_(ids))
    )
    regions: dict[UUID, set[str]] = {}
    stores: dict[UUID, set[str]] = {person.id: set(person.stores) for person in people}
    for row in session.execute(query):
        regions.setdefault(row.person, set()).add(row.region)
        stores[row.person] |= {row.id} - {None}
    return {
        person.id: Place(
            sorted(person.stores),
            sorted(regions.get(person.id, ())),
            frozenset(stores[person.id]) if person.stores or person.id in regions else None,
        )
        for person in people
    }


def set_regions(session: Session, person: UUID, regions: Iterable[str]) -> None:
    """Have a person's role hold in these regions, and in no others."""
    session.execute(delete(PersonRegion).where(PersonRegion.person == person))
    session.add_all(PersonRegion(person=person, region=region) for region in sorted(set(regions)))
    session.flush()


def is_other_admin_left(session: Session, but: UUID) -> bool:
    """Tell whether an admin of the whole chain is active besides this one; locks them all, so that one remains."""
    query = select(Person).where(Person.role == Role.ADMIN.value, Person.state == "active")
    admins = session.execute(query.order_by(Person.id).with_for_update()).scalars().all()
    places = places_of(session, admins)
    return any(places[admin.id].reaches is None for admin in admins if admin.id != but)


def is_anybody_here(session: Session) -> bool:
    """Tell whether anybody works here; the sealed account for emergencies does not count."""
    return session.execute(select(Person.id).where(Person.state != "sealed").limit(1)).first() is not None


def holders(session: Session, role: OwnRole) -> int:
    """How many people have a role."""
    return session.execute(select(func.count()).select_from(Person).where(Person.role == role.id)).scalar_one()


def invite(session: Session, safe: Safe, person: UUID | None, *, hours: int, now: datetime, random: RandomBytes) -> str:
    """Make the token with which a person, or the first admin, sets how to log in; tokens from before count no more."""
    withdraw_invitations(session, person, now)
    token = f"{PREFIX}_{text_of(random(TOKEN_BYTES))}"
    number = event_id(int(now.timestamp() * 1000), random(10))
    session.add(
        Invitation(
            id=number,
            person=person,
            token_hash=hash_of(token),
            totp_secret=safe.wrap_secret(totp.new_secret(random), place_of(number)),
            made_at=now,
            ends_at=now + timedelta(hours=hours),
            used_at=None,
        )
    )
    return token


def withdraw_invitations(session: Session, person: UUID | None, now: datetime) -> None:
    """Have a person's invitations count no more."""
    whose = Invitation.person.is_(None) if person is None else Invitation.person == person
    session.execute(update(Invitation).where(whose, Invitation.used_at.is_(None)).values(used_at=now))


def invitation(session: Session, token: str, now: datetime) -> Invitation | None:
    """The invitation of a token, locked; None where it does not count."""
    query = select(Invitation).where(Invitation.token_hash == hash_of(token)).with_for_update()
    found = session.execute(query).scalar_one_or_none()
    return found if found is not None and found.used_at is None and now < found.ends_at else None


def place_of(invitation: UUID) -> str:
    """Where the secret of an invitation's codes stands, as the vault names it."""
    return f"invitations|{invitation}|totp"


def has_way_in(session: Session, person: Person) -> bool:
    """Tell whether somebody has set how to log in."""
    has_passkey = session.execute(select(Passkey.id).where(Passkey.person == person.id).limit(1)).first() is not None
    return has_passkey or person.password_hash is not None or person.subject is not None


def disable(session: Session, person: Person, now: datetime) -> None:
    """Lock a person out at once."""
    person.state = "disabled"
    withdraw_invitations(session, person.id, now)
    end_all(session, person.id, now)


def new_person(number: UUID, login: str, name: str, *, role: str, state: str, now: datetime) -> Person:
    """Somebody who cannot log in yet, with a role in the whole chain."""
    return Person(
        id=number,
        login=login,
        name=name,
        language="zh",
        email=None,
        state=state,
        role=role,
        stores=[],
        password_hash=None,
        totp_secret=None,
        totp_step=None,
        issuer=None,
        subject=None,
        made_at=now,
    )
