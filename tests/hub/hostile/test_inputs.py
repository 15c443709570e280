"""What somebody sends who means harm: each is refused with a code, or stored as the text that it is."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.hub.api import NOBODY, Api, body_for
from tests.hub.routes import filled, routes
from tests.hub.world import STORE, World

INJECTIONS = [
    "'; DROP TABLE members; --",
    "' OR '1'='1",
    '" OR ""="',
    "1; ATTACH DATABASE '/tmp/x' AS x",
    "%' UNION SELECT secret_hash FROM api_keys --",
    "\\'; SELECT pg_sleep(9); --",
]
SCRIPTS = ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "javascript:alert(1)", "{{7*7}}", "${7*7}"]
FORMULAS = ["=1+1", "+1", "-1", "@SUM(A1)", "=cmd|' /C calc'!A0"]
PATHS = ["../../etc/passwd", "..%2f..%2fetc%2fpasswd", "....//....//etc/passwd", "%2e%2e%2f", "/etc/passwd"]


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    opened = Api(world)
    with opened.client:
        yield opened


@pytest.fixture
def small_api(small_world: World) -> Iterator[Api]:
    opened = Api(small_world)
    with opened.client:
        yield opened


def send(api: Api, content: bytes, path: str = "/v1/members", **headers: str) -> Any:
    """Send bytes as they are."""
    known = {
        "Authorization": f"Bearer {api.world.till_key}",
        "Idempotency-Key": str(uuid4()),
        "Content-Type": "application/json",
    }
    return api.client.post(path, content=content, headers=known | headers)


def tables(api: Api) -> int:
    with api.world.hub.database.read() as session:
        return int(session.execute(text("SELECT count(*) FROM members")).scalar_one())


@pytest.mark.parametrize("hostile", [*INJECTIONS, *SCRIPTS, *FORMULAS])
def test_a_name_is_only_text(api: Api, hostile: str) -> None:
    joined = api.call("POST", "/v1/members", {"name": hostile, "home_store": STORE})

    assert joined.status_code in {201, 422}, joined.text
    assert joined.headers["content-type"] in {"application/json", "application/problem+json"}
    assert tables(api) == (joined.status_code == 201)
    if joined.status_code == 201:
        why = {"fields": ["name"], "reason": "a test"}
        opened = api.call("POST", f"/v1/members/{joined.json()['id']}/reveal", why)
        assert opened.json()["values"] == {"name": hostile}


@pytest.mark.parametrize("hostile", [*INJECTIONS, *SCRIPTS, *PATHS])
def test_what_stands_in_an_address_is_only_text(api: Api, hostile: str) -> None:
    asked = quote(hostile, safe="")
    answers = [
        api.call("GET", f"/v1/vouchers/{asked}"),
        api.call("GET", f"/v1/stores/{STORE}/purchases/{asked}"),
        api.call("GET", f"/v1/programme/terms/{asked}"),
        api.call("POST", f"/v1/kiosks/{asked}/revoke"),
        api.client.get(f"/pictures/{asked}"),
        api.call("GET", f"/v1/leases?state={asked}"),
        api.call("GET", f"/v1/stores?cursor={asked}"),
    ]

    assert {answer.status_code for answer in answers} <= {404, 405, 422}
    assert not any("root:" in answer.text for answer in answers)


def test_every_text_of_every_body_is_only_text(small_api: Api) -> None:
    for method, path in routes():
        body = body_for(path)
        for field, value in (body or {}).items():
            if method in {"POST", "PUT", "PATCH"} and isinstance(value, str):
                for hostile in (INJECTIONS[0], SCRIPTS[0], "x" * 5_000, "a\x00b", "\u202e"):
                    answer = small_api.call(method, filled(path), {**(body or {}), field: hostile})

                    assert answer.status_code < 500, (path, field, hostile[:20], answer.text)
    assert tables(small_api) >= 0


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"null",
        b"[]",
        b'"x"',
        b"NaN",
        b'{"name": "\xff"}',
        b'{"name": "\\ud800", "home_store": "S01"}',
        b'{"\\ud800": 1}',
        b'{"name": "a\\u0000b", "home_store": "S01"}',
        b'{"name": 1e999, "home_store": "S01"}',
        b'{"name": ' + b"9" * 5_000 + b', "home_store": "S01"}',
        b'{"name": ' + b"[" * 100_000,
        b'{"name": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        "<?xml version='1.0'?><!DOCTYPE x [<!ENTITY a 'a'>]><x>&a;</x>".encode("utf-16"),
    ],
)
def test_what_is_no_body_is_refused_with_a_code(small_api: Api, body: bytes) -> None:
    answer = send(small_api, body)

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert tables(small_api) == 0


@pytest.mark.parametrize("kind", ["application/xml", "text/xml", "multipart/form-data; boundary=x", "text/plain"])
def test_other_kinds_of_bodies_are_not_read(small_api: Api, kind: str) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'

    answer = send(small_api, bomb, **{"Content-Type": kind})

    assert (answer.status_code, answer.json()["code"]) == (415, "request.media_type")


def test_a_field_that_nobody_knows_is_refused_and_not_repeated_at_length(small_api: Api) -> None:
    body = {"name": "x", "home_store": STORE, "x" * 5_000: 1, "is_admin": True, "__proto__": {}}

    answer = send(small_api, json.dumps(body).encode())

    assert answer.status_code == 422
    assert len(answer.text) < 2_000


@pytest.mark.parametrize("header", ["Accept-Language", "User-Agent", "Idempotency-Key", "Authorization"])
@pytest.mark.parametrize("value", ["x" * 50_000, "'; DROP TABLE members; --", "%00", "{{7*7}}"])
def test_a_header_is_only_text(small_api: Api, header: str, value: str) -> None:
    answer = send(small_api, json.dumps({"name": "x", "home_store": STORE}).encode(), **{header: value})

    assert answer.status_code in {201, 401, 422}


def test_a_parameter_that_stands_twice_is_not_taken_twice(small_api: Api) -> None:
    twice = small_api.call("GET", "/v1/leases?state=open&state=nonsense")

    assert twice.status_code == 422


def test_whole_bodies_are_compared_under_one_id_however_they_are_written(small_api: Api) -> None:
    request = str(uuid4())
    first = send(small_api, b'{"name":"x","home_store":"S01"}', **{"Idempotency-Key": request})

    second = send(small_api, b' { "home_store" : "S01", "name" : "\\u0078" } ', **{"Idempotency-Key": request})

    assert (first.status_code, second.json()) == (201, first.json())


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "CONNECT", "PROPFIND"])
def test_other_methods_are_refused(small_api: Api, method: str) -> None:
    answer = small_api.client.request(method, "/v1/members")

    assert (answer.status_code, answer.json()["code"]) == (405, "request.method")


def test_no_page_of_another_origin_is_let_in(small_api: Api) -> None:
    headers = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}

    answers = [small_api.client.request(method, "/v1/members", headers=headers) for method in ("OPTIONS", "POST")]

    assert not any("access-control-allow-origin" in answer.headers for answer in answers)


@pytest.mark.parametrize(
    "page", [{"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}, {"Origin": "https://evil.example"}, {}]
)
def test_a_cookie_alone_changes_nothing(small_api: Api, page: dict[str, str]) -> None:
    headers = {"Cookie": f"__Host-session={small_api.world.till_key}", "Idempotency-Key": str(uuid4())}

    answer = small_api.client.post(f"/v1/cards/{NOBODY}/block", headers=headers | page)

    assert (answer.status_code, answer.json()["code"]) == (403, "request.foreign")


def test_an_answer_of_ours_is_never_a_page(small_api: Api) -> None:
    answer = small_api.client.get("/v1/" + quote("<script>alert(1)</script>"))

    assert answer.headers["content-type"] == "application/problem+json"
    assert "<script>" not in answer.text
