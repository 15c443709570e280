import base64
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.orm import Session

from hub.day_end.models import ExpiryNotice
from hub.finance.models import Period
from hub.fleet.models import Stream
from hub.holds.models import Hold
from hub.leases.models import Lease
from hub.points.service import points_account
from hub.programme.service import Change, publish
from hub.stores.models import Store
from tests.hub.api import LATTE, Api
from tests.hub.world import START, STORE, TestKiosk, World

LISTS = {
    "/v1/stores": "",
    "/v1/kiosks": "",
    "/v1/leases": "",
    "/v1/members/{member}/holds": "",
    "/v1/rewards": "",
    "/v1/programme/terms": "",
    "/v1/programme/terms/{name}": "",
    "/v1/expiry-notices": "since=2026-11-21T00:00:00Z",
    "/v1/finance/periods": "",
    "/v1/audit": "",
}
"""Lists, and the query that each does not answer without. What lists hold that are not here, their domains test."""

MANY = 5


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


def fill(world: World) -> UUID:
    """Have a few of everything that is listed, at moments of which some are the same; returns who has holds."""
    member, kiosks = world.add_member(), [world.add_kiosk() for _ in range(MANY)]
    for number in range(MANY):
        world.add_reward(f"reward {number}", 700)
    with world.hub.database.write() as session:
        for number, kiosk in enumerate(kiosks):
            _add(session, number)
            _add_of_member(session, world, number, member)
            _add_lease(session, world, kiosk, member)
    return member


def _add(session: Session, number: int) -> None:
    session.add(
        Store(
            id=f"T{number}",
            names={"zh": "x"},
            region="west",
            jurisdiction="CN",
            kiosks_record_purchases=True,
            opened_at=START,
        )
    )
    session.add(Period(month=date(2026, number + 1, 1), figures={}, closed_by="test", closed_at=START))
    publish(session, Change(f"earning.{number + 2}", {"points": 1}, "test"), START)
    publish(session, Change("earning.1", {"points": number + 2}, "test"), START)


def _add_of_member(session: Session, world: World, number: int, member: UUID) -> None:
    at = START + timedelta(hours=number // 2)
    account, expires_at = points_account(member), START + timedelta(days=number)
    session.add(
        ExpiryNotice(account=account, expires_at=expires_at, member=member, book="points", amount=5, noticed_at=at)
    )
    session.add(
        Hold(
            id=world.new_id(),
            member=member,
            store=STORE,
            book="points",
            amount=5,
            captured=0,
            state="open",
            actor="test",
            placed_at=at,
            deadline=at,
            ended_at=None,
        )
    )


def _add_lease(session: Session, world: World, kiosk: TestKiosk, member: UUID) -> None:
    session.add(
        Stream(
            kiosk=kiosk.id,
            epoch=kiosk.epoch,
            state="accepted",
            upto=0,
            hash=bytes(32),
            effective_at=START,
            opened_at=START,
        )
    )
    session.flush()
    session.add(
        Lease(
            kiosk=kiosk.id,
            number=1,
            epoch=kiosk.epoch,
            member=member,
            reward=LATTE,
            spend=world.new_id(),
            points=600,
            spent=0,
            state="granted",
            granted_at=START,
            deadline=START,
            closed_at=None,
        )
    )


def filled(path: str, member: UUID) -> str:
    """Where a list is asked for."""
    where = path.replace("{member}", str(member)).replace("{name}", "earning.1")
    return f"{where}?{LISTS[path]}"


def walk(api: Api, path: str, limit: int) -> list[list[Any]]:
    """Every page of a list."""
    pages, cursor = [], ""
    while True:
        answer = api.call("GET", f"{path}&limit={limit}{cursor}")
        assert answer.status_code == 200, answer.text
        pages.append(answer.json()["items"])
        if answer.json()["next"] is None:
            return pages
        cursor = f"&cursor={answer.json()['next']}"


def test_every_list_is_walked_page_by_page(api: Api) -> None:
    member = fill(api.world)

    for path in LISTS:
        [whole] = walk(api, filled(path, member), 200)
        pages = walk(api, filled(path, member), 2)

        assert len(whole) >= MANY, path
        assert [item for page in pages for item in page] == whole, path
        assert {len(page) for page in pages[:-1]} == {2}, path


def test_every_list_has_pages(small_api: Api) -> None:
    paths = small_api.client.get("/openapi.json").json()["paths"]

    gets = {path: methods["get"] for path, methods in paths.items() if "get" in methods}
    paged = {path for path, get in gets.items() if "cursor" in {one["name"] for one in get.get("parameters", ())}}
    bare = {
        path
        for path, get in gets.items()
        if get["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {}).get("type")
        == "array"
    }
    assert bare == set()
    assert set(LISTS) <= paged


def test_what_comes_between_two_pages_moves_nothing(small_api: Api) -> None:
    api, member = small_api, fill(small_api.world)
    path = filled("/v1/members/{member}/holds", member)
    first = api.call("GET", f"{path}&limit=2").json()
    with api.world.hub.database.write() as session:
        _add_of_member(session, api.world, 9, member)

    second = api.call("GET", f"{path}&limit=2&cursor={first['next']}").json()

    [whole] = walk(api, path, 200)
    assert first["items"] + second["items"] == whole[1:5]


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "é",
        base64.urlsafe_b64encode(b"[]").decode(),
        base64.urlsafe_b64encode(b'["T1", "T2"]').decode(),
        base64.urlsafe_b64encode(b"[1]").decode(),
        "e" * 1_001,
    ],
)
def test_what_is_no_cursor_is_refused(small_api: Api, cursor: str) -> None:
    answer = small_api.call("GET", f"/v1/stores?cursor={cursor}")

    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
    assert answer.json()["data"]["fields"][0]["field"] == "query.cursor"


@pytest.mark.parametrize("limit", ["0", "201", "-1", "x", ""])
def test_a_limit_has_its_limits(small_api: Api, limit: str) -> None:
    answer = small_api.call("GET", f"/v1/stores?limit={limit}")

    assert (answer.status_code, answer.json()["data"]["fields"][0]["field"]) == (422, "query.limit")
