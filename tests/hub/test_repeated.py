"""Every POST that takes an id: asked again it answers the same and does nothing; its id is good for nothing else."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import func, select

from hub.audit.models import AuditHead
from hub.models import Base
from hub.staff.routes import ONLY_READ, ROUTES, UNREPEATED
from tests.hub.scenes import SCENES, Stage
from tests.hub.world import World

TOLD_ONCE = frozenset({"secret", "invitation"})
"""What an answer has only the first time."""

UPLOAD = "/v1/imports"
FILES = (b"name,phone\nQuockerwodger,13800000001\n", b"name,phone\nQuockerwodger,13800000002\n")

REPEATED = sorted(path for method, path in ROUTES if method == "POST" and (method, path) not in UNREPEATED | ONLY_READ)


@pytest.fixture
def stage(small_world: World) -> Iterator[Stage]:
    opened = Stage(small_world)
    with opened.client:
        yield opened


def state(stage: Stage) -> dict[str, Any]:
    """How many rows each table has, and where the audit log ends."""
    with stage.world.hub.database.read() as session:
        rows = {
            table.name: session.execute(select(func.count()).select_from(table)).scalar_one()
            for table in Base.metadata.sorted_tables
        }
        head = session.execute(select(AuditHead.hash)).scalar_one_or_none()
    return rows | {"head": head}


def lasting(answer: Any) -> Any:
    return {name: value for name, value in answer.json().items() if name not in TOLD_ONCE} if answer.content else None


def upload(stage: Stage, file: bytes, request: str) -> Any:
    headers = {"Authorization": f"Bearer {stage.world.till_key}", "Idempotency-Key": request}
    return stage.client.post(UPLOAD, content=file, headers=headers | {"Content-Type": "text/csv"})


def test_every_route_has_a_request_that_is_accepted() -> None:
    assert sorted([*SCENES, UPLOAD]) == REPEATED


@pytest.mark.parametrize("path", sorted(SCENES))
def test_a_repeated_request_is_answered_the_same_and_done_once(stage: Stage, path: str) -> None:
    (where, body), request = SCENES[path](stage), str(uuid4())
    before = state(stage)
    first = stage.call("POST", where, body, request=request)
    between = state(stage)

    second = stage.call("POST", where, body, request=request)

    assert first.is_success, first.text
    assert between != before
    assert (second.status_code, lasting(second)) == (first.status_code, lasting(first))
    assert state(stage) == between


@pytest.mark.parametrize("path", sorted(SCENES))
def test_an_id_that_was_used_is_good_for_nothing_else(stage: Stage, path: str) -> None:
    (where, body), request = SCENES[path](stage), str(uuid4())
    first = stage.call("POST", where, body, request=request)
    elsewhere, another = SCENES[path](stage)
    between = state(stage)

    other = stage.call("POST", elsewhere, another, request=request)

    assert first.is_success, first.text
    assert (other.status_code, other.json()["code"]) == (409, "request.conflict")
    assert state(stage) == between


def test_a_file_that_is_uploaded_again_is_taken_once_and_another_one_is_a_conflict(stage: Stage) -> None:
    request = str(uuid4())

    first, second, other = (upload(stage, file, request) for file in (FILES[0], FILES[0], FILES[1]))

    assert (first.status_code, second.status_code, second.json()) == (201, 201, first.json())
    assert (other.status_code, other.json()["code"]) == (409, "request.conflict")
    assert state(stage)["imports"] == 1
