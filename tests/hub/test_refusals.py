"""What the API refuses stands in the log: by whom, how often, and nothing of what was sent."""

from itertools import repeat
from typing import Any

import pytest
from fastapi.testclient import TestClient
from structlog.testing import capture_logs

from hub.access import COOKIE
from hub.alerts.models import Alert
from hub.alerts.service import look
from hub.app import create_app
from hub.limits import Limits
from hub.problems import STATUS
from hub.refusals import COUNTED_MAX, MANY, MINUTE_S, OF_ANYBODY, OF_SOMEBODY, Refusals
from hub.staff.permissions import Permission, Role
from protocol.errors import ErrorCode
from tests.hub.api import NOBODY, Api, purchase_of
from tests.hub.world import World

DENIED, FORM = ErrorCode.PERMISSION_DENIED, ErrorCode.REQUEST_INVALID


def written(api: Api, method: str, path: str, body: Any = None, *, key: str = "", **headers: str) -> list[Any]:
    """What a request leaves in the log."""
    credential = {} if "cookie" in headers else {"authorization": f"Bearer {key or api.world.till_key}"}
    with capture_logs() as logs:
        api.client.request(method, path, json=body, headers=credential | headers)
    return logs


def test_who_may_not_do_something_is_named_with_what_they_tried(api: Api) -> None:
    person = api.world.add_person(Role.CASHIER)

    logs = written(api, "POST", "/v1/roles", {}, key=api.world.log_in(person))

    assert logs == [
        {
            "event": "a request was refused",
            "log_level": "info",
            "code": "permission.denied",
            "actor": f"staff:{person.id}",
            "source": "testclient",
            "route": "POST /v1/roles",
            "times": 1,
        }
    ]


def test_so_is_who_may_not_book_something_whom_the_batch_alone_knows(world: World) -> None:
    api = Api(world)
    headers = {"idempotency-key": NOBODY}

    with api.client:
        [line] = written(
            api, "POST", "/v1/purchases", purchase_of(NOBODY), key=api.key(Permission.MEMBERS_READ), **headers
        )

    assert (line["code"], line["route"]) == ("permission.denied", "POST /v1/purchases")
    assert line["actor"].startswith("key:")


def test_somebody_elses_store_is_written_down_too(api: Api) -> None:
    token = api.world.person(Role.MARKETING, stores=["S02"])

    [line] = written(api, "PUT", "/v1/programme/terms/points", {}, key=token)

    assert (line["code"], line["route"]) == ("store.out_of_scope", "PUT /v1/programme/terms/{name}")


@pytest.mark.parametrize(
    ("method", "path", "body", "headers", "code"),
    [
        ("GET", "/v1/stores", None, {"authorization": "Bearer mk_made-up"}, "key.unknown"),
        ("POST", "/v1/members/find", {"phone": ["13800000001"]}, {}, "request.invalid"),
        ("GET", "/13800000001", None, {}, "path.unknown"),
        ("DELETE", "/v1/purchases", None, {}, "request.method"),
        ("GET", "/v1/stores?cursor=13800000001%00", None, {}, "request.invalid"),
        ("POST", "/v1/members", None, {"content-length": "99999999"}, "request.too_large"),
        ("DELETE", "/v1/session", None, {"cookie": f"{COOKIE}=x", "origin": "https://evil.example"}, "request.foreign"),
    ],
)
def test_what_is_tried_out_is_written_down_without_what_was_sent(  # noqa: PLR0917 - a table
    api: Api, method: str, path: str, body: Any, headers: dict[str, str], code: str
) -> None:
    [line] = written(api, method, path, body, **headers)

    assert (line["code"], line["source"]) == (code, "testclient")
    assert not any(sent in str(line) for sent in ("13800000001", "made-up", "evil"))


def test_what_comes_too_often_is_written_down(small_world: World) -> None:
    client = TestClient(create_app(small_world.hub, Limits(source_per_minute=1)))

    with capture_logs() as logs:
        statuses = [client.get("/health").status_code for _ in range(3)]

    assert statuses == [200, 429, 429]
    assert [(line["code"], line["times"]) for line in logs] == [("request.too_many", 1), ("request.too_many", 2)]


def test_a_flood_of_refusals_is_no_flood_of_lines_and_becomes_a_warning(small_world: World) -> None:
    app = create_app(small_world.hub)
    app.state.refusals = Refusals(lambda: 0.0)
    client = TestClient(app)

    with capture_logs() as logs:
        for _ in range(MANY * 2 - 1):
            client.get("/v1/nowhere")

    assert [line["times"] for line in logs] == [1, 2, 4, 8, 16]
    assert [line["log_level"] for line in logs] == ["info"] * 4 + ["warning"]


def test_who_is_refused_again_and_again_raises_an_alert(world: World) -> None:
    api = Api(world)
    api.client.app.state.refusals = Refusals(lambda: 0.0)  # type: ignore[attr-defined] # it is our application
    with api.client:
        key = api.key(Permission.MEMBERS_READ)
        for _ in range(MANY * 2):
            api.call("POST", "/v1/purchases", purchase_of(NOBODY), key=key)

    [act] = api.acts("access.refused")
    assert act.after == {"code": "permission.denied", "route": "POST /v1/purchases"}
    look(world.hub.database, world.clock.now)
    with world.hub.database.read() as session:
        [alert] = session.query(Alert).filter_by(kind="access.refused_often").all()
    assert (alert.subject, alert.severity) == (act.actor, "medium")


def test_an_everyday_refusal_is_not_written_down(api: Api) -> None:
    assert written(api, "GET", f"/v1/members/{NOBODY}") == []


def test_each_caller_and_code_is_counted_apart_and_each_minute_anew() -> None:
    moments = iter([*repeat(0.0, 4), float(MINUTE_S)])
    refusals = Refusals(lambda: next(moments))

    told = [refusals.told(caller, code) for caller, code in ((b"a", DENIED), (b"b", DENIED), (b"a", FORM))]
    again = [refusals.told(b"a", DENIED), refusals.told(b"a", DENIED)]

    assert (told, again) == ([1, 1, 1], [2, 1])


def test_callers_without_number_do_not_fill_the_memory() -> None:
    refusals = Refusals(lambda: 0.0)

    told = [refusals.told(number.to_bytes(4), DENIED) for number in range(COUNTED_MAX + 8)]

    assert sum(told[:COUNTED_MAX]) == COUNTED_MAX
    assert told[COUNTED_MAX:] == [1, 2, 0, 4, 0, 0, 0, 8]


def test_every_code_that_is_looked_at_is_one_that_the_api_says() -> None:
    assert not OF_SOMEBODY & OF_ANYBODY
    assert {code for code in OF_SOMEBODY | OF_ANYBODY if code not in STATUS} == {FORM}
