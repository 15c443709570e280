"""Every route, asked by every role, for the whole chain, the store it is about and another one."""

from typing import Any

import pytest

from hub.staff.permissions import ROLES, Role
from hub.staff.routes import OF_ANY_STORE, PUBLIC, ROUTES
from tests.hub.api import Api, body_for
from tests.hub.routes import filled
from tests.hub.world import STORE

OTHER = "S02"
REFUSALS = frozenset({"key.missing", "session.ended", "confirmation.needed", "permission.denied", "store.out_of_scope"})
NOWHERE = frozenset(("POST", f"/v1/kiosks/{{kiosk}}/leases/{{number}}/{act}") for act in ("recall", "write-off"))
"""Routes whose store is that of what they name; nothing is there in this test, so it is nobody's store."""

SCOPES: dict[str, tuple[str, ...]] = {"chain": (), "own store": (STORE,), "other store": (OTHER,)}


def expected(route: tuple[str, str], role: Role, stores: tuple[str, ...]) -> str | None:
    """The refusal that the tables promise; None where the route is let through."""
    permission = ROUTES[route]
    if permission is PUBLIC:
        return None
    if permission not in ROLES[role]:
        return "permission.denied"
    is_elsewhere = bool(stores) and (route in NOWHERE or (STORE not in stores and names_a_store(route)))
    is_the_chains = bool(stores) and route not in OF_ANY_STORE
    return "store.out_of_scope" if is_elsewhere or is_the_chains else None


def names_a_store(route: tuple[str, str]) -> bool:
    """Tell whether a request says in which store it is about something."""
    body = body_for(route[1]) if route[0] == "POST" else None
    return any(part in route[1] for part in ("{store}", "{kiosk}")) or bool({"store", "home_store"} & set(body or {}))


def told(response: Any) -> str | None:
    """The refusal that a response tells; None where it was let through to the route itself."""
    if response.status_code < 400 or not response.headers["content-type"].startswith("application/problem+json"):
        return None
    code: str = response.json()["code"]
    return code if code in REFUSALS else None


@pytest.mark.timeout(600)
@pytest.mark.parametrize("scope", SCOPES)
@pytest.mark.parametrize("role", Role)
def test_a_role_is_let_through_where_the_tables_say_and_nowhere_else(api: Api, role: Role, scope: str) -> None:
    stores = SCOPES[scope]
    person, kiosk = api.world.add_person(role, stores=list(stores)), api.world.add_kiosk(STORE).id

    wrong = []
    for method, path in sorted(ROUTES):
        token = api.world.log_in(person)
        answer = told(api.call(method, filled(path.replace("{kiosk}", kiosk)), body_for(path), key=token))
        if answer != expected((method, path), role, stores):
            wrong.append((method, path, answer, expected((method, path), role, stores)))

    assert wrong == []


def test_every_role_is_let_through_somewhere_and_only_an_admin_everywhere() -> None:
    reach = {role: sum(permission in ROLES[role] for permission in ROUTES.values()) for role in Role}

    assert min(reach.values()) > 0
    assert [role for role in Role if reach[role] == max(reach.values())] == [Role.ADMIN]
