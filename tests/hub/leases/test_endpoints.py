"""The API of leases ahead: what tills, customer service and whoever asks for a balance see of them."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import select

from hub.audit.models import AuditEntry
from hub.staff.permissions import Role
from protocol.duties import RecallLease
from protocol.events import LeaseClosed
from tests.hub.api import Api
from tests.hub.leases.neighbours import Neighbours, fence
from tests.hub.leases.scene import Ahead, accepted, stock_accepted
from tests.hub.world import STORE

STATES = ("open", "closed", "written_off")
WHY = {"reason": "the member stands at the till"}


@pytest.fixture
def scene(api: Api) -> Ahead:
    return Ahead(api.world)


def hold(member: UUID, amount: int) -> dict[str, Any]:
    return {"member": str(member), "store": STORE, "book": "points", "amount": amount, "minutes": 5}


def test_points_are_shown_whole_with_the_part_that_is_lent(api: Api, scene: Ahead) -> None:
    scene.lend(300)

    shown = api.call("GET", f"/v1/members/{scene.member}/balance").json()

    assert (shown["points"], shown["lent"]) == (1_000, 300)


def test_what_is_spent_at_a_kiosk_is_not_shown_any_more(api: Api, scene: Ahead) -> None:
    grant = scene.lend(300)
    scene.tell(accepted(grant), scene.spent(grant, 60))

    shown = api.call("GET", f"/v1/members/{scene.member}/balance").json()

    assert (shown["points"], shown["lent"]) == (940, 240)


def test_a_till_may_send_the_same_request_again_in_a_second(api: Api, scene: Ahead) -> None:
    grant, request = scene.lend(500), str(uuid4())

    first = api.call("POST", "/v1/holds", hold(scene.member, 700), request=request)
    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))
    second = api.call("POST", "/v1/holds", hold(scene.member, 700), request=request)

    assert (first.status_code, first.json()["code"]) == (409, "points.recalled")
    assert first.headers["Retry-After"] == "1"
    assert second.status_code == 201
    assert api.call("POST", "/v1/holds", hold(scene.member, 700), request=request).json() == second.json()


def test_a_till_is_told_where_points_lie_that_do_not_come(api: Api, scene: Ahead) -> None:
    scene.lend(500)
    scene.connect(scene.here, "lost")

    answer = api.call("POST", "/v1/holds", hold(scene.member, 700))

    assert (answer.status_code, answer.json()["code"]) == (409, "points.lent")
    assert answer.json()["data"] == {"points": 500, "store": STORE, "store_zh": STORE}
    assert f"at {STORE}," in answer.json()["detail"]
    assert "Retry-After" not in answer.headers


def test_customer_service_sees_where_points_lie_and_calls_them_back(api: Api, scene: Ahead) -> None:
    grant = scene.lend(500)
    key = api.world.person(Role.CUSTOMER_SERVICE)

    [lying] = api.call("GET", f"/v1/members/{scene.member}/leases", key=key).json()["items"]
    answer = api.call("POST", f"/v1/kiosks/{lying['kiosk']}/leases/{lying['number']}/recall", WHY, key=key)

    assert (lying["store"], lying["connection"], lying["points"], lying["recalled_at"]) == (STORE, "online", 500, None)
    assert (answer.status_code, answer.json()["rest"]) == (200, 500)
    assert scene.duties(RecallLease) == [RecallLease(scene.here.epoch, grant.lease)]
    with api.world.hub.database.read() as session:
        acts = session.execute(select(AuditEntry).where(AuditEntry.action == "lease.recalled")).scalars().all()
    assert [(act.subject, act.after["reason"]) for act in acts] == [(f"{scene.here.id}/1", WHY["reason"])]


def test_what_has_come_back_lies_nowhere(api: Api, scene: Ahead) -> None:
    grant = scene.lend(500)
    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))

    assert api.call("GET", f"/v1/members/{scene.member}/leases").json()["items"] == []
    assert api.call("POST", f"/v1/kiosks/{scene.here.id}/leases/1/recall", WHY).json()["code"] == "lease.closed"


def test_whoever_asks_for_an_erasure_calls_back_what_is_in_its_way(api: Api, scene: Ahead) -> None:
    grant = scene.lend(500)
    path, key = f"/v1/members/{scene.member}/erasure", api.world.person(Role.CUSTOMER_SERVICE)

    first = api.call("POST", path, WHY, key=key)
    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))
    second = api.call("POST", path, WHY, key=key)

    assert first.json()["code"] == "erasure.value_out"
    assert scene.duties(RecallLease) == [RecallLease(scene.here.epoch, grant.lease)]
    assert second.status_code == 202


def test_nobody_has_leases_but_members(api: Api) -> None:
    assert api.call("GET", f"/v1/members/{uuid4()}/leases").json()["code"] == "member.unknown"


def test_a_recall_says_why(api: Api, scene: Ahead) -> None:
    scene.lend(500)

    answer = api.call("POST", f"/v1/kiosks/{scene.here.id}/leases/1/recall", {})

    assert answer.json()["code"] == "request.invalid"


def test_pieces_are_written_off_over_the_api_too(api: Api, scene: Ahead) -> None:
    scene.lend_stock()
    body = {"outcome": "give_back", "reason": "the kiosk burnt"}

    answer = api.call("POST", f"/v1/kiosks/{scene.here.id}/leases/1/write-off", body)

    assert (answer.status_code, answer.json()["member"], answer.json()["pieces"]) == (200, None, 1)


def test_what_was_passed_to_a_journal_that_the_hub_never_met_is_listed_and_written_off(api: Api) -> None:
    scene = Neighbours(api.world)
    scene.tell(accepted(scene.grant))
    note = scene.note(100, to_epoch=api.world.new_id())
    scene.tell(fence(note))

    shown = {one["kiosk"]: one for one in api.call("GET", "/v1/leases").json()["items"]}
    passed = shown[scene.beside.id]
    path = f"/v1/kiosks/{passed['kiosk']}/leases/{passed['number']}"
    recalled = api.call("POST", f"{path}/recall", WHY)
    written_off = api.call("POST", f"{path}/write-off", {"outcome": "give_back", **WHY})

    assert (passed["epoch"], passed["epoch_state"], passed["points"]) == (str(note.to_epoch), None, 100)
    assert shown[scene.here.id]["epoch_state"] == "accepted"
    assert recalled.json()["code"] == "epoch.unknown"
    assert (written_off.status_code, written_off.json()["points"]) == (200, 100)
    assert [one["kiosk"] for one in api.call("GET", "/v1/leases").json()["items"]] == [scene.here.id]


def test_pieces_at_kiosks_are_listed_with_what_is_left_of_them(api: Api, scene: Ahead) -> None:
    reward = api.world.add_reward("cup", 60, stock=9)
    pieces = scene.lend_stock(3, reward)
    grant = scene.lend(300)
    scene.tell(stock_accepted(pieces), accepted(grant), scene.spent(grant, 60, reward=reward, stock=pieces.lease))
    later = scene.lend_stock(2, reward, scene.there)

    first = api.call("GET", "/v1/stock-leases?limit=1").json()
    rest = api.call("GET", f"/v1/stock-leases?cursor={first['next']}").json()

    found = [*first["items"], *rest["items"]]
    assert len(first["items"]) == 1
    assert {(one["kiosk"], one["number"], one["spent"], one["pieces"]) for one in found} == {
        (scene.here.id, pieces.lease, 1, 2),
        (scene.there.id, later.lease, 0, 2),
    }
    assert {(one["reward"], one["kiosk_state"], one["epoch_state"]) for one in found} == {
        (str(reward), "active", "accepted")
    }


def test_pieces_that_were_written_off_are_listed_as_such(api: Api, scene: Ahead) -> None:
    scene.lend_stock()
    api.call("POST", f"/v1/kiosks/{scene.here.id}/leases/1/write-off", {"outcome": "spent", "reason": "it burnt"})

    listed = {state: api.call("GET", f"/v1/stock-leases?state={state}").json()["items"] for state in STATES}

    assert [one["number"] for one in listed["written_off"]] == [1]
    assert (listed["open"], listed["closed"]) == ([], [])
