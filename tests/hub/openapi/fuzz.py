"""Asks every route for whatever its description allows, and for what it does not, and notes what should not be."""

from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from uuid import uuid4

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import GenerationMode
from schemathesis.checks import (
    content_type_conformance,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup
from starlette.testclient import TestClient

from hub.app import create_app
from hub.limits import Limits
from tests.hub.world import World

UNLIMITED = Limits(10**9, 10**9, 10**9)
FAULTS_MAX = 2
"""So many of a route are told."""

CHECKS = (
    not_a_server_error,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)


def faults_of(world: World, examples: int) -> list[str]:
    """What goes wrong at a hub when somebody who may do everything asks."""
    app = create_app(world.hub, UNLIMITED)
    return list(faults(app, examples, {"Authorization": f"Bearer {world.till_key}"}))


def faults(app: FastAPI, examples: int, headers: dict[str, str]) -> Iterator[str]:
    """What goes wrong, by route: a failure, or an answer that is not as it was described.

    So many requests are made of each route that it should take, and as many that it should not.
    """
    with TestClient(app, raise_server_exceptions=False):
        schema = schemathesis.openapi.from_asgi("/openapi.json", app)
        for result in schema.get_all_operations():
            operation = result.ok()  # type: ignore[union-attr] # our own description is right, or this fails
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                yield from _asked(operation, mode, examples, headers)


def _asked(operation: Any, mode: GenerationMode, examples: int, headers: dict[str, str]) -> Iterator[str]:
    found: list[str] = []

    @seed(1)
    @settings(
        max_examples=examples,
        deadline=None,
        database=None,
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        sent = headers | {"Idempotency-Key": str(uuid4())}
        try:
            response = case.call(headers=sent)
            case.validate_response(response, checks=CHECKS)
        except FailureGroup as group:
            found.extend(f"{operation.label}: {fault}" for fault in group.exceptions)
        except Exception as error:  # noqa: BLE001 - whatever it is, the hub did not answer
            found.append(f"{operation.label}: {error!r}")

    # A route that takes nothing cannot be asked for anything wrong.
    with suppress(Unsatisfiable):
        ask()
    yield from found[:FAULTS_MAX]
