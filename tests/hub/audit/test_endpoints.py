import json
from collections.abc import Iterator
from typing import Any

import pytest

from hub.audit.rules import faults
from hub.staff.permissions import Permission
from tests.hub.api import Api
from tests.hub.audit.log import KEY, Log


@pytest.fixture
def api(log: Log) -> Iterator[Api]:
    opened = Api(log.world)
    with opened.client:
        yield opened


def numbers(answer: Any) -> list[int]:
    return [item["number"] for item in answer.json()["items"]]


def test_the_log_is_read_page_by_page_newest_first(api: Api) -> None:
    first = api.call("GET", "/v1/audit?limit=7")
    second = api.call("GET", f"/v1/audit?limit=7&cursor={first.json()['next']}")

    assert (numbers(first), numbers(second)) == ([10, 9, 8, 7, 6, 5, 4], [3, 2, 1])
    assert second.json()["next"] is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("subject=card 2", [9, 3]),
        ("actor=key:nobody", []),
        ("action=card.blocked&subject=card 0", [10, 7, 1]),
        ("from=2026-11-21T02:08:00Z", [10, 9, 8]),
        ("to=2026-11-21T02:03:00Z", [2, 1]),
        ("from=2026-11-21T10:03:00%2B08:00&to=2026-11-21T02:05:00Z", [4, 3]),
    ],
)
def test_the_log_is_asked_for_what_matters(api: Api, query: str, found: list[int]) -> None:
    assert numbers(api.call("GET", f"/v1/audit?{query}")) == found


def test_an_entry_tells_who_did_what_why_and_from_where(api: Api) -> None:
    [item] = api.call("GET", "/v1/audit?limit=1").json()["items"]

    told = {name: item[name] for name in ("actor", "action", "subject", "before", "after", "reason", "source")}
    assert told == {
        "actor": "key:till",
        "action": "card.blocked",
        "subject": "card 0",
        "before": {"state": "active"},
        "after": {"state": "blocked", "名": 1.5},
        "reason": "丢失",
        "source": "192.0.2.7",
    }


@pytest.mark.parametrize(
    "query", ["from=yesterday", "from=2026-11-21T02:08:00", "limit=0", "cursor=x", "actor=" + "x" * 65]
)
def test_what_is_no_question_is_refused(api: Api, query: str) -> None:
    response = api.call("GET", f"/v1/audit?{query}")

    assert (response.status_code, response.json()["code"]) == (422, "request.invalid")


def test_the_export_is_what_the_verifier_reads(api: Api, log: Log) -> None:
    response = api.call("GET", "/v1/audit/export")

    entries = [json.loads(line) for line in response.text.splitlines()]
    assert response.headers["content-type"].startswith("application/x-ndjson")
    assert len(entries) == 10
    assert list(faults(entries, log.heads(), {KEY.name: KEY.key})) == []


@pytest.mark.parametrize("path", ["/v1/audit", "/v1/audit/export"])
def test_the_log_is_for_those_who_may_read_it(api: Api, path: str) -> None:
    response = api.call("GET", path, key=api.key(Permission.MEMBERS_READ))

    assert (response.status_code, response.json()["code"]) == (403, "permission.denied")


def test_an_act_over_the_api_tells_where_it_came_from(api: Api) -> None:
    api.call("POST", "/v1/keys", {"name": "x", "permissions": ["members:read"]})

    [item] = api.call("GET", "/v1/audit?action=key.made").json()["items"]

    assert item["source"] == "testclient"
