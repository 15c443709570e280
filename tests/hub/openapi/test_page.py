import json
import re
from typing import Any

import pytest

from tests.architecture.source import ROOT
from tests.hub.api import Api

PAGE = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
EXAMPLES = {match[1]: match[2] for match in re.finditer(r"```json\n((?:GET|POST) [^\n]+)\n(.*?)```", PAGE, re.DOTALL)}
"""What the page shows: a method and an address, and the body."""

EXPECTED = {
    "POST /v1/purchases": 201,
    "GET /v1/stores?limit=1": 200,
    "POST /v1/members/find": 422,
    "POST /v1/webhooks": 201,
}


def run(api: Api, request: str) -> Any:
    method, path = request.split(" ")
    body = EXAMPLES[request].replace("{member}", str(api.world.add_member()))
    return api.call(method, path, json.loads(body) if body else None)


def test_every_example_of_the_page_is_run() -> None:
    assert set(EXAMPLES) == set(EXPECTED)


@pytest.mark.parametrize(("request_", "status"), EXPECTED.items())
def test_an_example_does_what_the_page_says(api: Api, request_: str, status: int) -> None:
    answer = run(api, request_)

    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["data"]["fields"][0]["field"] == "body.phone"
