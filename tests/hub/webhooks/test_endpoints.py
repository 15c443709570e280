from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from hub.audit.models import AuditEntry
from tests.hub.api import NOBODY
from tests.hub.webhooks.conftest import Post

PATH = "/v1/webhooks"
MIDNIGHT = "2026-11-21T00:00:00Z"


def test_a_secret_is_shown_once(post: Post) -> None:
    body, request = {"url": post.receiver.url}, str(uuid4())

    first, second = (post.call("POST", PATH, body, request=request) for _ in range(2))

    assert first.json()["secret"].startswith("whsec_")
    assert second.json() == first.json() | {"secret": None}
    assert len(post.call("GET", PATH).json()["items"]) == 1
    assert "secret" not in post.call("GET", PATH).json()["items"][0]


@pytest.mark.parametrize(
    "url",
    [
        "http://shop.example/",
        "https://127.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "file:///etc/passwd",
        "https://user:secret@shop.example/",
    ],
)
def test_an_address_that_must_not_be_reached_is_refused(post: Post, url: str) -> None:
    webhook = post.add()["id"]

    answers = [post.call("POST", PATH, {"url": url}), post.call("PATCH", f"{PATH}/{webhook}", {"url": url})]

    assert [(one.status_code, one.json()["code"]) for one in answers] == [(422, "webhook.address")] * 2


@pytest.mark.parametrize(
    "wrong", [{"events": ["member.dreamt"]}, {"url": ""}, {"url": "https://shop.example/a b"}, {"secret": "x"}]
)
def test_what_is_no_endpoint_is_refused(post: Post, wrong: dict[str, Any]) -> None:
    answer = post.call("POST", PATH, {"url": post.receiver.url} | wrong)

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


def test_every_change_is_written_down_and_no_secret_with_it(post: Post) -> None:
    made = post.add("tier.changed")
    path = f"{PATH}/{made['id']}"
    changed = post.call("PATCH", path, {"events": ["points.changed"], "state": "disabled"}).json()
    post.call("PATCH", path, {"state": "disabled"})
    rotated = post.call("POST", f"{path}/rotate", {}).json()
    removed = post.call("DELETE", path)

    with post.hub.database.read() as session:
        acts = list(session.execute(select(AuditEntry).where(AuditEntry.subject == made["id"])).scalars())
    assert (changed["events"], changed["state"], removed.status_code) == (["points.changed"], "disabled", 204)
    assert [act.action.removeprefix("webhook.") for act in acts] == ["added", "changed", "rotated", "removed"]
    assert not any(secret in str([act.after for act in acts]) for secret in (made["secret"], rotated["secret"]))
    assert post.call("GET", PATH).json()["items"] == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", "", {"state": "active"}),
        ("DELETE", "", None),
        ("POST", "/rotate", {}),
        ("POST", "/test", None),
        ("POST", "/replay", {"since": MIDNIGHT}),
        ("GET", "/deliveries", None),
    ],
)
def test_an_unknown_endpoint_is_told_so(post: Post, method: str, path: str, body: Any) -> None:
    answer = post.call(method, f"{PATH}/{NOBODY}{path}", body)

    assert (answer.status_code, answer.json()["code"]) == (404, "webhook.unknown")


@pytest.mark.parametrize("body", [{}, {"message": NOBODY, "since": MIDNIGHT}, {"until": MIDNIGHT}])
def test_a_replay_says_what_it_wants(post: Post, body: dict[str, Any]) -> None:
    answer = post.call("POST", f"{PATH}/{post.add()['id']}/replay", body)

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")


def test_a_repeated_test_is_one_message(post: Post) -> None:
    path, request = f"{PATH}/{post.add()['id']}/test", str(uuid4())

    answers = [post.call("POST", path, request=request) for _ in range(2)]

    assert [one.json() for one in answers] == [{"message": request}] * 2
    assert post.deliver() == 1


def test_deliveries_are_shown_by_their_state(post: Post) -> None:
    webhook = post.add()["id"]
    post.call("POST", f"{PATH}/{webhook}/test")
    post.receiver.status = 500
    post.deliver()

    assert [one["event"] for one in post.deliveries(webhook, "?state=waiting")] == ["webhook.test"]
    assert post.deliveries(webhook, "?state=delivered") == []
