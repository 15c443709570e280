from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select, update

from hub.audit.models import AuditEntry
from hub.staff.keys import SENSITIVE_PERMISSIONS
from hub.staff.models import ApiKey
from hub.staff.permissions import Permission
from hub.staff.service import hash_of
from tests.hub.api import NOBODY, Api
from tests.hub.world import START, World

READS = {"name": "mine", "permissions": ["members:read"]}


@pytest.fixture
def api_on_each_database(world: World) -> Iterator[Api]:
    opened = Api(world)
    with opened.client:
        yield opened


def works(api: Api, secret: str) -> str:
    """What a request under a secret comes to: `ok`, or the code of its refusal."""
    answer = api.call("GET", "/v1/programme", key=secret)
    return "ok" if answer.status_code == 200 else str(answer.json()["code"])


def shown(api: Api, key: str) -> dict[str, Any]:
    [found] = [one for one in api.call("GET", "/v1/keys").json()["items"] if one["id"] == key]
    return dict(found)


def used_at(api: Api, key: str) -> datetime | None:
    with api.world.hub.database.read() as session:
        return session.get_one(ApiKey, UUID(key)).last_used_at


def test_a_credential_names_its_key(api: Api) -> None:
    made = api.call("POST", "/v1/keys", READS).json()

    prefix, _, secret = made["secret"].partition(".")
    assert prefix == f"mt_{UUID(made['id']).hex}"
    assert len(secret) == 43


def test_a_repeated_request_makes_one_key_and_shows_its_secret_once(api_on_each_database: Api) -> None:
    api, request = api_on_each_database, str(uuid4())

    first, second = (api.call("POST", "/v1/keys", READS, request=request) for _ in range(2))
    other = api.call("POST", "/v1/keys", READS | {"name": "x"}, request=request)

    assert second.json() == first.json() | {"secret": None}
    assert (other.status_code, other.json()["code"]) == (409, "request.conflict")
    assert len([one for one in api.call("GET", "/v1/keys").json()["items"] if one["name"] == "mine"]) == 1


def test_a_key_ends_at_its_time(api_on_each_database: Api) -> None:
    api = api_on_each_database
    until = (START + timedelta(hours=1)).isoformat()
    secret = api.call("POST", "/v1/keys", READS | {"expires_at": until}).json()["secret"]

    before = works(api, secret)
    api.world.clock.pass_(hours=1)

    assert (before, works(api, secret)) == ("ok", "key.expired")


def test_two_secrets_live_until_the_overlap_ends(api_on_each_database: Api) -> None:
    api, clock = api_on_each_database, api_on_each_database.world.clock
    first = api.call("POST", "/v1/keys", READS).json()
    path = f"/v1/keys/{first['id']}/rotate"

    second = api.call("POST", path, {"overlap_hours": 2}).json()
    during = [works(api, one["secret"]) for one in (first, second)]
    clock.pass_(hours=2)
    after = [works(api, one["secret"]) for one in (first, second)]

    assert (during, after) == (["ok", "ok"], ["key.expired", "ok"])


def test_a_second_rotation_ends_the_first_secret_at_once(api: Api) -> None:
    first = api.call("POST", "/v1/keys", READS).json()
    path = f"/v1/keys/{first['id']}/rotate"
    second, third = (api.call("POST", path, {}).json() for _ in range(2))

    assert [works(api, one["secret"]) for one in (first, second, third)] == ["key.unknown", "ok", "ok"]


def test_revoking_ends_both_secrets(api: Api) -> None:
    first = api.call("POST", "/v1/keys", READS).json()
    second = api.call("POST", f"/v1/keys/{first['id']}/rotate", {}).json()
    api.call("DELETE", f"/v1/keys/{first['id']}")

    again = api.call("POST", f"/v1/keys/{first['id']}/rotate", {})

    assert [works(api, one["secret"]) for one in (first, second)] == ["key.revoked"] * 2
    assert (again.status_code, again.json()["code"]) == (409, "key.ended")


@pytest.mark.parametrize(("method", "path", "body"), [("POST", "/rotate", {}), ("DELETE", "", None)])
def test_an_unknown_key_is_told_so(api: Api, method: str, path: str, body: Any) -> None:
    answer = api.call(method, f"/v1/keys/{NOBODY}{path}", body)

    assert (answer.status_code, answer.json()["code"]) == (404, "key.missed")


def test_a_rotation_gives_nobody_more_than_they_have(api: Api) -> None:
    made = api.call("POST", "/v1/keys", READS | {"permissions": ["audit:read"]}).json()
    narrow = api.key(Permission.KEYS_WRITE, Permission.MEMBERS_READ)

    answer = api.call("POST", f"/v1/keys/{made['id']}/rotate", {}, key=narrow)

    assert (answer.status_code, answer.json()["code"]) == (403, "permission.denied")


@pytest.mark.parametrize("hours", [-1, 169, "many"])
def test_an_overlap_has_its_limits(api: Api, hours: Any) -> None:
    made = api.call("POST", "/v1/keys", READS).json()

    answer = api.call("POST", f"/v1/keys/{made['id']}/rotate", {"overlap_hours": hours})

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


@pytest.mark.parametrize("permission", sorted(SENSITIVE_PERMISSIONS))
def test_a_key_that_gives_much_away_waits_for_a_second_person(api: Api, permission: str) -> None:
    request = str(uuid4())
    body = READS | {"permissions": [permission]}

    answers = [api.call("POST", "/v1/keys", body, request=request) for _ in range(2)]

    assert [(one.status_code, one.json()["state"]) for one in answers] == [(202, "waiting")] * 2
    assert [one["name"] for one in api.call("GET", "/v1/keys").json()["items"]] == ["till"]


def test_a_key_that_was_agreed_to_is_rotated_for_its_secret(api_on_each_database: Api) -> None:
    api, request = api_on_each_database, str(uuid4())
    body = READS | {"permissions": ["members:read", "pay_outs:write"]}
    api.call("POST", "/v1/keys", body, request=request)

    other = api.key(*Permission)
    agreed = api.call("POST", f"/v1/approvals/{request}/approve", {}, key=other)
    key = api.call("POST", "/v1/keys", body, request=request).json()["key"]
    secret = api.call("POST", f"/v1/keys/{key}/rotate", {"overlap_hours": 0}).json()["secret"]

    assert agreed.status_code == 200, agreed.text
    assert works(api, secret) == "ok"
    with api.world.hub.database.read() as session:
        acts = list(session.execute(select(AuditEntry).where(AuditEntry.subject == key)).scalars())
    assert [act.action for act in acts] == ["key.made", "key.rotated"]
    assert secret not in agreed.text


def test_the_last_use_is_written_down_once_a_minute(api_on_each_database: Api) -> None:
    api, clock = api_on_each_database, api_on_each_database.world.clock
    made = api.call("POST", "/v1/keys", READS).json()
    never = used_at(api, made["id"])
    uses = []
    for _ in range(3):
        works(api, made["secret"])
        uses.append(used_at(api, made["id"]))
        clock.pass_(seconds=30)

    assert never is None
    assert uses == [START, START, START + timedelta(seconds=60)]


def test_the_use_of_a_key_that_only_books_is_written_down_as_well(api: Api) -> None:
    made = api.call("POST", "/v1/keys", READS | {"permissions": ["purchases:write"]}).json()
    api.call("POST", "/v1/purchases", api.purchase(api.world.add_member()), key=made["secret"])

    assert used_at(api, made["id"]) == START


def test_keys_are_listed_without_a_secret(api: Api) -> None:
    made = api.call("POST", "/v1/keys", READS).json()
    api.call("POST", f"/v1/keys/{made['id']}/rotate", {"overlap_hours": 1})

    found = shown(api, made["id"])

    assert found["rotates_until"] == "2026-11-21T03:00:00Z"
    assert (found["permissions"], found["stores"], found["revoked_at"]) == (["members:read"], [], None)
    assert not any("secret" in name or "hash" in name for name in found)


def test_a_credential_as_it_was_made_at_first_goes_on_working(api: Api) -> None:
    old = "mt_4Zr8sT1vQmN0b7cXyLkPdWfHgJaEuRoIiKtMzVnBqCs"
    with api.world.hub.database.write() as session:
        session.execute(update(ApiKey).where(ApiKey.name == "till").values(secret_hash=hash_of(old)))

    assert works(api, old) == "ok"
