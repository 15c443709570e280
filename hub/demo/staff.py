"""People who work at the demo chain. Nobody has a password: each sets how to log in with a token drawn for them."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from hub.composition import Hub
from hub.demo.content import NAMESPACE
from hub.people import service as people
from hub.staff.permissions import Role
from protocol.ids import derived_id


@dataclass(frozen=True, slots=True)
class DemoPerson:
    """Somebody who does not exist; with neither stores nor regions their role holds in the whole chain."""

    login: str
    name: str
    role: Role
    stores: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()


STAFF = (
    DemoPerson("admin", "王建国", Role.ADMIN),
    DemoPerson("manager", "李静", Role.STORE_MANAGER, stores=("S01",)),
    DemoPerson("cashier", "张晨", Role.CASHIER, stores=("S01",)),
    DemoPerson("service", "刘婷", Role.CUSTOMER_SERVICE),
    DemoPerson("east", "陈航", Role.STORE_MANAGER, regions=("east",)),
    DemoPerson("finance", "赵敏", Role.FINANCE),
)


def invite(session: Session, hub: Hub) -> dict[str, str]:
    """Have them work here; returns the token of each by login, told this once."""
    now, random, tokens = hub.clock(), hub.random_bytes, {}
    for one in STAFF:
        number = derived_id(NAMESPACE, f"staff.{one.login}")
        person = people.new_person(number, one.login, one.name, role=one.role, state="invited", now=now)
        person.stores = list(one.stores)
        session.add(person)
        session.flush()
        people.set_regions(session, person.id, one.regions)
        hours = people.INVITATION_LASTS_H
        tokens[one.login] = people.invite(session, hub.vault, person.id, hours=hours, now=now, random=random)
    return tokens
