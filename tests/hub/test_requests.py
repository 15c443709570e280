from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import delete, select

from hub.booking.models import Fact
from hub.members.models import Member, MemberKey
from hub.staff.routes import ONLY_READ, ROUTES, UNREPEATED
from protocol.events import LeaseAccepted
from tests.hub.api import Api, body_for
from tests.hub.routes import add_voucher, filled
from tests.hub.world import STORE, World

SOMEBODY = {"name": "林晓雨", "phone": "13800000001", "home_store": STORE}
CARD = {"uid": "04a1b2c3d4e5f6", "technology": "ntag424"}


@pytest.fixture
def api(world: World) -> Iterator[Api]:
    opened = Api(world)
    with opened.client:
        yield opened


def facts(api: Api) -> list[Fact]:
    with api.world.hub.database.read() as session:
        return list(session.execute(select(Fact).order_by(Fact.received_at)).scalars())


def call(api: Api, what: str) -> tuple[str, Any]:
    """Path and body of something that can be asked for, with what it needs in place."""
    world = api.world
    match what:
        case "join":
            return "/v1/members", SOMEBODY
        case "bind":
            return f"/v1/members/{world.add_member()}/cards", CARD
        case "block":
            card = api.call("POST", f"/v1/members/{world.add_member()}/cards", CARD).json()["id"]
            return f"/v1/cards/{card}/block", None
        case "hand out":
            return f"/v1/vouchers/{add_voucher(world)}/hand-out", None
        case "revoke":
            return f"/v1/kiosks/{world.add_kiosk().id}/revoke", None
        case _:
            kiosk = world.add_kiosk()
            world.book(world.told(kiosk, LeaseAccepted(1, world.add_member(), 0)))
            return f"/v1/kiosks/{kiosk.id}/epochs/{kiosk.epoch}/accept", None


ACTS = ("join", "bind", "block", "hand out", "revoke", "accept")


@pytest.mark.parametrize("what", ACTS)
def test_a_repeated_request_gets_the_first_answer(api: Api, what: str) -> None:
    (path, body), request = call(api, what), str(uuid4())
    first = api.call("POST", path, body, request=request)
    api.world.clock.pass_(days=40)

    second = api.call("POST", path, body, request=request)

    assert first.is_success, first.text
    assert (second.status_code, second.json()) == (first.status_code, first.json())
    assert len([fact for fact in facts(api) if str(fact.id) == request]) == 1


@pytest.mark.parametrize("what", ACTS)
def test_a_request_without_an_id_is_refused(api: Api, what: str) -> None:
    path, body = call(api, what)
    headers = {"Authorization": f"Bearer {api.world.till_key}"}

    answer = api.client.request("POST", path, json=body, headers=headers)

    assert (answer.status_code, answer.json()["code"]) == (400, "request.id_missing")


def test_the_first_answer_stays_as_it_was(api: Api) -> None:
    request = str(uuid4())
    first = api.call("POST", "/v1/members", SOMEBODY, request=request).json()
    api.call("POST", "/v1/purchases", api.purchase(first["id"]))

    second = api.call("POST", "/v1/members", SOMEBODY, request=request).json()

    assert second == first
    assert second["points"] == 0
    with api.world.hub.database.read() as session:
        assert session.query(Member).count() == 1


@pytest.mark.parametrize(
    "other", [{"name": "林晓雪"}, {"phone": "13800000002"}, {"birthday": "1990-01-01"}, {"language": "en"}]
)
def test_the_same_id_with_other_content_is_a_conflict(api: Api, other: dict[str, str]) -> None:
    request = str(uuid4())
    api.call("POST", "/v1/members", SOMEBODY, request=request)

    answer = api.call("POST", "/v1/members", SOMEBODY | other, request=request)

    assert (answer.status_code, answer.json()["code"]) == (409, "request.conflict")


def test_the_same_id_for_another_path_is_a_conflict(api: Api) -> None:
    request, kiosks = str(uuid4()), [api.world.add_kiosk().id for _ in range(2)]

    answers = [api.call("POST", f"/v1/kiosks/{kiosk}/revoke", request=request) for kiosk in kiosks]

    assert [answer.status_code for answer in answers] == [200, 409]


def test_an_id_that_was_booked_is_good_for_nothing_else(api: Api) -> None:
    request, member = str(uuid4()), api.world.add_member()
    purchase = api.purchase(member)
    api.call("POST", "/v1/purchases", purchase, request=request)

    joined = api.call("POST", "/v1/members", SOMEBODY, request=request)
    bought = api.call("POST", "/v1/purchases", purchase, request=request)

    assert (joined.status_code, joined.json()["code"], bought.status_code) == (409, "request.conflict", 201)


def test_an_id_that_was_used_cannot_be_booked(api: Api) -> None:
    request = str(uuid4())
    api.call("POST", "/v1/members", SOMEBODY, request=request)

    answer = api.call("POST", "/v1/purchases", api.purchase(api.world.add_member()), request=request)

    assert (answer.status_code, answer.json()["code"]) == (409, "request.conflict")


def test_a_refused_request_is_judged_again(api: Api) -> None:
    request = str(uuid4())
    code, path = add_voucher(api.world), "/v1/vouchers/7KQ29-3FXM2/hand-out"
    refused = api.call("POST", path, request=request)

    handed_out = api.call("POST", f"/v1/vouchers/{code}/hand-out", request=request)

    assert (refused.status_code, handed_out.status_code) == (404, 200)


def test_another_request_for_a_voucher_that_is_gone_is_told_so(api: Api) -> None:
    path, _body = call(api, "hand out")
    api.call("POST", path)

    assert api.call("POST", path).json()["code"] == "voucher.handed_out"


def test_nothing_personal_is_kept_with_an_answer(api: Api) -> None:
    member = api.call("POST", "/v1/members", SOMEBODY).json()
    api.call("POST", f"/v1/members/{member['id']}/cards", CARD)

    kept = [fact.result for fact in facts(api)]

    assert len(kept) == 2
    assert all({"display_name", "uid", "phone", "name"}.isdisjoint(result) for result in kept)


def test_an_erased_member_is_answered_without_a_name(api: Api) -> None:
    request = str(uuid4())
    first = api.call("POST", "/v1/members", SOMEBODY, request=request).json()
    with api.world.hub.database.write() as session:
        session.execute(delete(MemberKey))

    second = api.call("POST", "/v1/members", SOMEBODY, request=request).json()

    assert second == first | {"display_name": ""}


REPEATED = sorted(
    route for route in ROUTES if route[0] == "POST" and route not in UNREPEATED and route not in ONLY_READ
)


def test_every_route_that_changes_something_says_that_it_wants_an_id(locked_api: Api) -> None:
    described = locked_api.client.get("/openapi.json").json()["paths"]

    silent = [
        path
        for _method, path in REPEATED
        if "Idempotency-Key" not in {parameter["name"] for parameter in described[path]["post"]["parameters"]}
    ]
    assert silent == []


@pytest.mark.parametrize("path", [path for _method, path in REPEATED])
def test_every_route_that_changes_something_wants_an_id(locked_api: Api, path: str) -> None:
    headers = {"Authorization": f"Bearer {locked_api.world.till_key}"}

    without, wrong = (
        locked_api.client.post(filled(path), json=body_for(path) or {}, headers=headers | more)
        for more in ({}, {"Idempotency-Key": "again"})
    )

    assert without.json()["code"] in {"request.id_missing", "request.invalid"}, without.text
    assert "header.idempotency-key" in {field["field"] for field in wrong.json()["data"]["fields"]}
