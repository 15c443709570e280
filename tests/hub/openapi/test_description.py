import json
import os
import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from hub.staff.routes import PUBLIC, ROUTES
from tests.hub.api import Api
from tests.hub.openapi import fuzz
from tests.hub.world import World

EXAMPLES = int(os.environ.get("MEMBERTAP_SCHEMA_EXAMPLES", "1"))
"""How many requests are made of each route, right and wrong: a long run takes more."""

LEAST, MOST = {"minimum", "exclusiveMinimum"}, {"maximum", "exclusiveMaximum"}


@pytest.fixture
def operations(api: Api) -> dict[tuple[str, str], Any]:
    paths = api.client.get("/openapi.json").json()["paths"]
    return {(method.upper(), path): one for path, methods in paths.items() for method, one in methods.items()}


def test_every_route_has_a_name_of_its_own_and_says_what_it_does(operations: dict[tuple[str, str], Any]) -> None:
    names = [one["operationId"] for one in operations.values()]

    assert len(set(names)) == len(names)
    assert [route for route, one in operations.items() if not one["summary"]] == []


def test_every_part_has_a_name_of_its_own(api: Api) -> None:
    # Two of one name get long ones with underscores, which generated clients cannot tell apart.
    assert [name for name in api.client.get("/openapi.json").json()["components"]["schemas"] if "__" in name] == []


def test_every_refusal_is_described_as_a_problem(operations: dict[tuple[str, str], Any]) -> None:
    for route, one in operations.items():
        assert {"401", "403", "404", "413", "422", "429", "500"} <= set(one["responses"]), route
        assert one["responses"]["422"] == {"$ref": "#/components/responses/Problem422"}, route


def test_every_route_that_is_not_public_says_what_opens_it(operations: dict[tuple[str, str], Any]) -> None:
    open_ones = {route for route, one in operations.items() if "security" not in one}

    assert open_ones == {route for route, permission in ROUTES.items() if permission is PUBLIC} - {
        ("GET", "/openapi.json")
    }


def test_the_examples_are_taken_as_they_stand(api: Api, operations: dict[tuple[str, str], Any]) -> None:
    shown = {
        route: one["requestBody"]["content"]["application/json"].get("example")
        for route, one in operations.items()
        if "requestBody" in one and "application/json" in one["requestBody"]["content"]
    }
    examples = {route: example for route, example in shown.items() if example is not None}

    assert len(examples) >= 9
    for (method, path), example in examples.items():
        answer = api.call(method, path, example)
        assert answer.json().get("code") != "request.invalid", (path, answer.text)


def unlimited(part: Any, place: str = "") -> Iterator[str]:
    """Where a number stands in a description that may be as small or as large as it likes."""
    if isinstance(part, dict):
        # A property may be called `type`, too; then it is no word of the description.
        kind = part.get("type")
        is_limited = part.keys() & LEAST and part.keys() & MOST
        if isinstance(kind, str) and kind in {"integer", "number"} and not is_limited:
            yield place
        for name, inner in part.items():
            yield from unlimited(inner, f"{place}.{name}")
    elif isinstance(part, list):
        for inner in part:
            yield from unlimited(inner, place)


def named(part: Any, schemas: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    """The named parts that a description leads to, and those that they lead to."""
    for name in set(re.findall(r"#/components/schemas/([^\"']+)", json.dumps(part))) - known.keys():
        known[name] = schemas[name]
        named(schemas[name], schemas, known)
    return known


def test_every_number_that_is_sent_has_its_limits(api: Api, operations: dict[tuple[str, str], Any]) -> None:
    sent = [{name: one.get(name, []) for name in ("parameters", "requestBody")} for one in operations.values()]
    parts = named(sent, api.client.get("/openapi.json").json()["components"]["schemas"], {})

    # What the chain's own fields hold is limited by their definitions.
    open_ones = {place for place in unlimited([sent, parts]) if not place.startswith(".FieldsIn.properties.values")}

    assert len(parts) > 50
    assert open_ones == set()


def test_a_number_without_a_limit_would_be_seen() -> None:
    assert list(unlimited({"a": {"type": "integer", "minimum": 1}, "b": [{"type": "number"}]})) == [".a", ".b"]


@pytest.mark.timeout(600)
def test_no_request_makes_the_hub_fail_or_answer_otherwise_than_described(small_world: World) -> None:
    assert fuzz.faults_of(small_world, EXAMPLES) == []


def test_such_a_failure_would_be_seen() -> None:
    app = FastAPI()

    @app.get("/fails")
    def fails() -> None:
        raise RuntimeError

    @app.get("/lies")
    def lies() -> Any:
        return app.openapi() and {"x": 1}

    app.openapi()["paths"]["/lies"]["get"]["responses"]["200"]["content"]["application/json"]["schema"] = {
        "type": "array"
    }

    found = list(fuzz.faults(app, 1, {}))

    assert {fault.split(":")[0] for fault in found} == {"GET /fails", "GET /lies"}
