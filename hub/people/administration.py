"""What those who look after people may see and change of them, and what must hold afterwards."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.people import service
from hub.people.rules import Reach, covers
from hub.problems import ProblemError
from hub.staff.models import OwnRole, Person
from hub.staff.permissions import Role
from hub.staff.roles import rights_of
from hub.staff.service import Principal
from hub.stores.models import Store
from protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Administration:
    """One request about people, within its transaction, by whoever makes it."""

    session: Session
    principal: Principal

    def visible(self, person: UUID) -> Person:
        """Somebody whose whole reach lies within the caller's stores.

        Raises:
            ProblemError: there is nobody like that.
        """
        found = self.session.get(Person, person)
        if found is None or not self.sees(found):
            raise ProblemError(ErrorCode.PERSON_UNKNOWN)
        return found

    def sees(self, person: Person) -> bool:
        """Tell whether somebody's whole reach lies within the caller's stores."""
        own = self.principal.stores
        reaches = service.places_of(self.session, [person])[person.id].reaches
        return own is None or (reaches is not None and bool(reaches) and reaches <= own)

    def changeable(self, person: UUID) -> Person:
        """Somebody, locked, whom the caller may change: never oneself, and nobody who may do more.

        Raises:
            ProblemError: nobody like that, or not to be changed by this caller.
        """
        self.visible(person)
        found = self.session.get_one(Person, person, with_for_update=True, populate_existing=True)
        if self.principal.log_in is not None and self.principal.log_in.person == person:
            raise ProblemError(ErrorCode.PERSON_SELF)
        if found.state == "sealed":
            raise ProblemError(ErrorCode.PERSON_STATE)
        self.insist_on_reach(found)
        return found

    def insist_on_reach(self, person: Person) -> None:
        """Insist that the caller may do everything that this person may, everywhere they may.

        Raises:
            ProblemError: it would give, or take, more than the caller has.
        """
        rights = rights_of(self.session, person.role)
        if rights is None:
            raise ProblemError(ErrorCode.ROLE_UNKNOWN)
        own = Reach(self.principal.permissions, self.principal.stores)
        place = service.places_of(self.session, [person])[person.id]
        if not covers(own, Reach(rights.permissions, place.reaches, is_fixed=not place.regions)):
            raise ProblemError(ErrorCode.PERMISSION_DENIED)

    def insist_on_place(self, stores: list[str], regions: list[str]) -> None:
        """Insist that there are these stores, and stores in these regions.

        Raises:
            ProblemError: there are none.
        """
        known = set(self.session.execute(select(Store.id).where(Store.id.in_(stores))).scalars())
        if set(stores) - known:
            raise ProblemError(ErrorCode.STORE_UNKNOWN)
        known = set(self.session.execute(select(Store.region).where(Store.region.in_(regions))).scalars())
        if set(regions) - known:
            raise ProblemError(ErrorCode.REGION_UNKNOWN)

    def insist_on_free(self, person: UUID, login: str, email: str | None) -> None:
        """Insist that nobody else has this login or this address.

        Raises:
            ProblemError: somebody has.
        """
        is_taken = Person.login == login if email is None else or_(Person.login == login, Person.email == email)
        with self.session.no_autoflush:
            query = select(Person.login).where(Person.id != person, is_taken)
            taken = list(self.session.execute(query).scalars())
        if taken:
            raise ProblemError(ErrorCode.LOGIN_TAKEN if login in taken else ErrorCode.EMAIL_TAKEN)

    def is_lone_admin(self, person: Person) -> bool:
        """Tell whether without this one there would be no active admin of the whole chain; locks them all."""
        return self._is_admin(person) and not service.is_other_admin_left(self.session, person.id)

    def insist_on_admin(self, person: Person) -> None:
        """Insist that this one is an active admin still.

        Raises:
            ProblemError: they are not, and there is no other.
        """
        if not self._is_admin(person):
            raise ProblemError(ErrorCode.PERSON_LAST_ADMIN)

    def _is_admin(self, person: Person) -> bool:
        is_admin = person.role == Role.ADMIN.value and person.state == "active"
        return is_admin and service.places_of(self.session, [person])[person.id].reaches is None

    def shown(self, person: Person) -> dict[str, Any]:
        """A person as the API shows them."""
        place = service.places_of(self.session, [person])[person.id]
        columns = ("id", "login", "name", "language", "email", "state", "role", "made_at")
        shown = {name: getattr(person, name) for name in columns}
        return shown | {"stores": place.stores, "regions": place.regions}

    def rights(self, person: Person) -> dict[str, Any]:
        """What the audit log is told about a person: what they may do where, and nothing personal."""
        place = service.places_of(self.session, [person])[person.id]
        return {"state": person.state, "role": person.role, "stores": place.stores, "regions": place.regions}

    def own_role(self, role: str) -> OwnRole:
        """A role of one's own, locked, whose permissions the caller has too.

        Raises:
            ProblemError: there is none, or it may do more.
        """
        found = self.session.get(OwnRole, role, with_for_update=True)
        if found is None:
            raise ProblemError(ErrorCode.ROLE_UNKNOWN)
        if not set(found.permissions) <= self.principal.permissions:
            raise ProblemError(ErrorCode.PERMISSION_DENIED)
        return found
