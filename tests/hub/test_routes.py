import pytest
from sqlalchemy import select

from hub.staff.models import ApiKey
from hub.staff.permissions import Permission
from hub.staff.routes import BATCHED, OF_ANY_STORE, PUBLIC, ROUTES
from tests.hub.api import Api, body_for
from tests.hub.routes import filled, routes
from tests.hub.world import STORE


def test_every_route_stands_in_the_table_and_every_entry_is_a_route(api: Api) -> None:
    schema = api.client.get("/openapi.json").json()
    served = {(method.upper(), path) for path, methods in schema["paths"].items() for method in methods}

    assert served | {("GET", "/openapi.json")} == set(ROUTES)


@pytest.mark.parametrize(("method", "path"), routes())
def test_no_route_answers_without_a_key_unless_it_is_public(locked_api: Api, method: str, path: str) -> None:
    response = locked_api.call(method, filled(path), body_for(path), key=None)

    is_refused = response.status_code == 401 and response.json()["code"] == "key.missing"
    assert is_refused is (ROUTES[method, path] is not PUBLIC), response.text
    if is_refused:
        assert response.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize(("method", "path"), [route for route in routes() if ROUTES[route] is not PUBLIC])
def test_no_route_answers_a_key_without_its_permission(locked_api: Api, method: str, path: str) -> None:
    others = [permission for permission in Permission if permission is not ROUTES[method, path]]
    key = locked_api.key(*others)
    response = locked_api.call(method, filled(path), body_for(path), key=key)

    assert (response.status_code, response.json()["code"]) == (403, "permission.denied")


@pytest.mark.parametrize(
    ("method", "path"), [route for route in routes() if ROUTES[route] is not PUBLIC and route not in OF_ANY_STORE]
)
def test_what_is_the_chains_is_refused_to_a_key_of_one_store(locked_api: Api, method: str, path: str) -> None:
    key = locked_api.key(*Permission, stores=(STORE,))

    response = locked_api.call(method, filled(path), body_for(path), key=key)

    assert (response.status_code, response.json()["code"]) == (403, "store.out_of_scope")


@pytest.mark.parametrize("key", ["mt_wrong", "x" * 300, " "])
def test_an_unknown_key_is_refused(api: Api, key: str) -> None:
    response = api.call("GET", "/v1/stores", key=key)

    assert (response.status_code, response.json()["code"]) == (401, "key.unknown")


def test_a_revoked_key_is_refused_at_once(api: Api) -> None:
    made = api.call("POST", "/v1/keys", {"name": "x", "permissions": ["members:read"]}).json()
    before = api.call("GET", "/v1/programme", key=made["secret"]).status_code
    api.call("DELETE", f"/v1/keys/{made['id']}")

    after = api.call("GET", "/v1/programme", key=made["secret"])

    assert (before, after.status_code, after.json()["code"]) == (200, 401, "key.revoked")


def test_nobody_gives_away_more_than_their_own_key_allows(api: Api) -> None:
    narrow = api.key(Permission.KEYS_WRITE, Permission.MEMBERS_READ, stores=(STORE,))

    wider = api.call("POST", "/v1/keys", {"name": "x", "permissions": ["audit:read"], "stores": [STORE]}, key=narrow)
    elsewhere = api.call("POST", "/v1/keys", {"name": "x", "permissions": ["members:read"]}, key=narrow)
    allowed = api.call(
        "POST", "/v1/keys", {"name": "x", "permissions": ["members:read"], "stores": [STORE]}, key=narrow
    )

    assert [answer.status_code for answer in (wider, elsewhere, allowed)] == [403, 403, 201]


def test_only_the_hash_of_a_secret_is_stored(api: Api) -> None:
    secret = api.call("POST", "/v1/keys", {"name": "x", "permissions": ["members:read"]}).json()["secret"]

    with api.world.hub.database.read() as session:
        stored = [key.secret_hash for key in session.execute(select(ApiKey)).scalars()]
    assert all(secret.encode() not in value and len(value) == 32 for value in stored)


@pytest.mark.parametrize("path", ["/v1/purchases", "/v1/top-ups"])
def test_a_key_of_one_store_does_not_book_in_another(api: Api, path: str) -> None:
    key = api.key(*Permission, stores=("S02",))

    response = api.call("POST", path, body_for(path), key=key)

    assert (response.status_code, response.json()["code"]) == (403, "store.out_of_scope")


def test_batched_routes_are_routes() -> None:
    assert set(ROUTES) >= BATCHED
