from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy import text

from hub.app import create_app
from hub.gate import BODY_MAX_BYTES, LOOKUPS, Gate
from hub.limits import Limits
from hub.tally import Tally
from tests.hub.api import NOBODY, Api
from tests.hub.world import World

PICTURE = f"/pictures/{'ab' * 32}"
FOR_BROWSERS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
}


def limited(world: World, limits: Limits) -> TestClient:
    return TestClient(create_app(world.hub, limits), raise_server_exceptions=False)


def test_a_key_that_sends_too_much_is_told_when_to_come_again(small_world: World) -> None:
    headers = {"Authorization": f"Bearer {small_world.till_key}"}
    with limited(small_world, Limits(key_per_minute=2, source_per_minute=100)) as client:
        answers = [client.get("/v1/programme", headers=headers) for _ in range(3)]
        other = client.get("/v1/programme", headers={"Authorization": "Bearer other"})

    assert [one.status_code for one in answers] == [200, 200, 429]
    assert [one.headers["RateLimit-Limit"] for one in answers] == ["2"] * 3
    assert [one.headers["RateLimit-Remaining"] for one in answers] == ["1", "0", "0"]
    assert answers[2].json()["code"] == "request.too_many"
    assert 1 <= int(answers[2].headers["Retry-After"]) <= 30
    assert 1 <= int(answers[0].headers["RateLimit-Reset"]) <= 60
    assert "Retry-After" not in answers[0].headers
    assert other.status_code == 401


@pytest.mark.parametrize("path", sorted(LOOKUPS))
def test_trying_out_phone_numbers_ends_while_everything_else_goes_on(small_world: World, path: str) -> None:
    headers = {"Authorization": f"Bearer {small_world.till_key}"}
    with limited(small_world, Limits(lookups_per_minute=2)) as client:
        answers = [client.post(path, json={"phone": f"1400000000{n}"}, headers=headers) for n in range(3)]
        other = client.get("/v1/programme", headers=headers)

    assert [one.status_code == 429 for one in answers] == [False, False, True]
    assert answers[2].json()["code"] == "request.too_many"
    assert other.status_code == 200


def test_guessing_keys_from_one_address_ends(small_world: World) -> None:
    with limited(small_world, Limits(key_per_minute=100, source_per_minute=5)) as client:
        statuses = [
            client.get("/v1/programme", headers={"Authorization": f"Bearer {number}"}).status_code
            for number in range(7)
        ]

    assert statuses == [401] * 5 + [429] * 2


def test_a_batched_route_is_limited_too(small_world: World) -> None:
    headers = {"Authorization": f"Bearer {small_world.till_key}"}
    with limited(small_world, Limits(key_per_minute=1, source_per_minute=100)) as client:
        answers = [client.get(f"/v1/members/{NOBODY}/balance", headers=headers) for _ in range(2)]

    assert [one.status_code for one in answers] == [404, 429]


def test_a_body_that_says_it_is_too_large_is_not_read(api: Api) -> None:
    answer = api.client.post("/v1/members", content=b"x" * (BODY_MAX_BYTES + 1))

    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
    assert answer.json()["data"] == {"max": BODY_MAX_BYTES}


def test_a_body_that_turns_out_too_large_is_refused(api: Api) -> None:
    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 65_536

    headers = {"Authorization": f"Bearer {api.world.till_key}", "Content-Type": "application/json"}
    answer = api.client.post("/v1/members/find", content=pieces(), headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")


def test_a_length_that_is_no_number_is_refused(api: Api) -> None:
    answer = api.client.post("/v1/members", content=b"", headers={"Content-Length": "many"})

    assert answer.status_code == 413


@pytest.mark.parametrize(
    ("method", "path", "headers", "status", "code"),
    [
        ("GET", "/nowhere", {}, 404, "path.unknown"),
        ("DELETE", "/v1/purchases", {}, 405, "request.method"),
        ("POST", "/v1/members/find", {"Content-Type": "text/plain"}, 415, "request.media_type"),
        ("POST", "/v1/members/find", {"Content-Type": "application/xml"}, 415, "request.media_type"),
        ("POST", "/v1/members/find", {}, 422, "request.invalid"),
        ("GET", "/v1/stores?cursor=%00", {}, 422, "request.invalid"),
        ("GET", "/v1/vouchers/%00", {}, 404, "path.unknown"),
    ],
)
def test_every_refusal_is_a_problem(  # noqa: PLR0917 - a table
    api: Api, method: str, path: str, headers: dict[str, str], status: int, code: str
) -> None:
    key = {"Authorization": f"Bearer {api.world.till_key}"}

    answer = api.client.request(method, path, content=b"<x/>" if method == "POST" else None, headers=key | headers)

    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == f"urn:membertap:problem:{code}"


def test_a_method_that_is_not_there_is_told_which_are(api: Api) -> None:
    assert api.client.delete("/v1/purchases").headers["Allow"] == "POST"


def test_every_answer_tells_browsers_to_keep_their_hands_off(api: Api) -> None:
    for path in ("/health", "/nowhere", "/v1/stores"):
        headers = api.client.get(path).headers

        assert {name: headers[name] for name in FOR_BROWSERS} == FOR_BROWSERS


def test_a_failure_of_ours_tells_them_too_and_is_not_kept(api: Api) -> None:
    with api.world.hub.database.write() as session:
        session.execute(text("DROP TABLE audit"))

    answer = api.call("GET", "/v1/audit")

    assert answer.status_code == 500
    assert {name: answer.headers[name] for name in FOR_BROWSERS} == FOR_BROWSERS
    assert answer.headers["Cache-Control"] == "no-store"


def test_nobody_on_the_way_keeps_an_answer(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.world.till_key}"}

    kept = {path: api.client.get(path, headers=headers).headers["Cache-Control"] for path in ("/v1/leases", PICTURE)}

    assert kept == {"/v1/leases": "no-store", PICTURE: "public, max-age=31536000, immutable"}


def test_what_is_no_request_passes() -> None:
    seen: list[Any] = []

    async def app(scope: Any, _receive: Any, _send: Any) -> None:
        seen.append(scope["type"])

    ticks = count()
    gate = Gate(app, Limits(), Tally.of_one(), lambda: float(next(ticks)))
    with pytest.raises(StopIteration):
        gate({"type": "lifespan"}, None, None).send(None)  # type: ignore[arg-type]

    assert seen == ["lifespan"]
