from collections.abc import Iterator
from datetime import timedelta
from uuid import uuid4

import pytest

from hub.fleet.models import Sighting, StreamGap
from hub.staff.permissions import Permission
from tests.hub.api import Api
from tests.hub.reconciliation.desk import PRICE, Desk
from tests.hub.world import World

TODAY, YESTERDAY = "2026-11-21", "2026-11-20"
WHY = {"reason": "our fault"}


@pytest.fixture
def desk(world: World) -> Desk:
    return Desk(world)


@pytest.fixture
def api(desk: Desk) -> Iterator[Api]:
    opened = Api(desk.world)
    with opened.client:
        yield opened


def test_a_kiosks_day_is_counted(api: Api, desk: Desk) -> None:
    desk.lose_redemption()
    desk.world.book(desk.world.told(desk.kiosk, desk.world.purchase(desk.member, 2_000)))

    [day] = api.call("GET", f"/v1/reconciliation?day={TODAY}&kiosk={desk.kiosk.id}").json()["items"]

    assert (day["received"], day["accepted"], day["rejected"], day["parked"]) == (3, 1, 2, 0)
    assert (day["open"], day["compensated"], day["dismissed"]) == (2, 0, 0)
    assert (day["amount"], day["points_earned"], day["points_rejected"]) == (2_000, 24, PRICE)
    assert (day["store"], day["day"]) == ("S01", TODAY)


def test_a_day_is_the_chains_and_ends_where_the_next_begins(api: Api, desk: Desk) -> None:
    # 16:30 in UTC is half past midnight of the next day in the chain's zone.
    desk.world.clock.now = desk.world.clock.now.replace(hour=16, minute=30)
    desk.lose_purchase()

    counts = {
        day: api.call("GET", f"/v1/reconciliation?day={day}&kiosk={desk.kiosk.id}").json()["items"][0]["rejected"]
        for day in (TODAY, "2026-11-22")
    }

    assert counts == {TODAY: 1, "2026-11-22": 1}


def test_what_is_missing_and_what_is_awaited_are_shown(api: Api, desk: Desk) -> None:
    with desk.world.hub.database.write() as session:
        birth = {"epoch": str(desk.kiosk.epoch), "head_seq": 9}
        at = desk.world.clock.now
        session.merge(Sighting(kiosk=desk.kiosk.id, state="lost", connection=1, at=at, heartbeat={}, birth=birth))
        lost = {"first": 1, "last": 40, "hash": bytes(32), "hub_epoch": uuid4(), "found_at": at}
        session.add(StreamGap(kiosk=desk.kiosk.id, epoch=uuid4(), **lost))

    [day] = api.call("GET", f"/v1/reconciliation?day={TODAY}&kiosk={desk.kiosk.id}").json()["items"]

    assert (day["missing"], day["awaited"]) == (40, 8)


def test_an_item_says_in_a_sentence_what_happened(api: Api, desk: Desk) -> None:
    lost = desk.lose_redemption()

    answer = api.call("GET", f"/v1/reconciliation/{desk.kiosk.id}/{TODAY}/items").json()

    [item] = [one for one in answer["items"] if one["id"] == str(lost)]
    assert (item["code"], item["remedy"], item["member"]) == ("lease.written_off", "voucher", str(desk.member))
    assert "written this lease off" in item["sentence"]
    assert answer["parked"] == []


def test_another_day_has_no_items(api: Api, desk: Desk) -> None:
    desk.lose_redemption()

    answer = api.call("GET", f"/v1/reconciliation/{desk.kiosk.id}/{YESTERDAY}/items").json()

    assert answer["items"] == []


def test_an_unknown_kiosk_has_no_days(api: Api) -> None:
    assert api.call("GET", f"/v1/reconciliation/k-none/{TODAY}/items").json()["code"] == "kiosk.unknown"


def test_what_is_open_is_what_staff_have_to_do(api: Api, desk: Desk) -> None:
    lost = desk.lose_purchase()
    before = [item["id"] for item in api.call("GET", "/v1/reconciliation/items").json()["items"]]

    response = api.call("POST", f"/v1/reconciliation/items/{lost}/compensate", WHY)

    assert response.status_code == 201, response.text
    after = [item["id"] for item in api.call("GET", "/v1/reconciliation/items").json()["items"]]
    assert str(lost) in before
    assert str(lost) not in after
    [done] = api.call("GET", "/v1/reconciliation/items?state=compensated").json()["items"]
    assert (done["id"], done["reason"]) == (str(lost), "our fault")


def test_an_item_is_dismissed_once_with_a_reason(api: Api, desk: Desk) -> None:
    lost, request = desk.lose_purchase(), str(uuid4())

    first = api.call("POST", f"/v1/reconciliation/items/{lost}/dismiss", WHY, request=request)
    again = api.call("POST", f"/v1/reconciliation/items/{lost}/dismiss", WHY, request=request)
    later = api.call("POST", f"/v1/reconciliation/items/{lost}/compensate", WHY)

    assert (first.status_code, first.json()["state"], first.json()["reason"]) == (200, "dismissed", "our fault")
    assert again.json() == first.json()
    assert later.json()["code"] == "rejection.settled"


@pytest.mark.parametrize("act", ["compensate", "dismiss"])
def test_an_unknown_item_cannot_be_settled(api: Api, act: str) -> None:
    assert api.call("POST", f"/v1/reconciliation/items/{uuid4()}/{act}", WHY).json()["code"] == "rejection.unknown"


@pytest.mark.parametrize("act", ["compensate", "dismiss"])
def test_nobody_settles_without_a_reason(api: Api, desk: Desk, act: str) -> None:
    lost = desk.lose_purchase()

    assert api.call("POST", f"/v1/reconciliation/items/{lost}/{act}", {"reason": ""}).status_code == 422


def test_a_second_person_has_the_voucher_made(api: Api, desk: Desk) -> None:
    api.call("PUT", "/v1/programme/terms/approvals.promise.compensated", {"document": {"others": 1}})
    lost = desk.lose_redemption()
    waiting = api.call("POST", f"/v1/reconciliation/items/{lost}/compensate", WHY, key=api.key(*Permission))

    api.call("POST", f"/v1/approvals/{waiting.json()['request']}/approve", {}, key=api.key(*Permission))

    assert waiting.status_code == 202
    [done] = api.call("GET", "/v1/reconciliation/items?state=compensated").json()["items"]
    assert done["id"] == str(lost)
    assert done["approved_by"].startswith("key:")


def test_a_store_sees_its_own_kiosks_alone(api: Api, desk: Desk) -> None:
    desk.lose_purchase()
    own, other = (api.key(Permission.RECONCILIATION_READ, stores=(store,)) for store in ("S01", "S02"))
    path = f"/v1/reconciliation/{desk.kiosk.id}/{TODAY}/items"

    seen = [len(api.call("GET", "/v1/reconciliation/items", key=key).json()["items"]) for key in (own, other)]
    days = [len(api.call("GET", "/v1/reconciliation", key=key).json()["items"]) for key in (own, other)]

    assert (seen, days) == ([2, 0], [1, 0])
    assert api.call("GET", path, key=other).json()["code"] == "store.out_of_scope"
    assert api.call("GET", path, key=own).status_code == 200


def test_pages_follow_each_other(api: Api, desk: Desk) -> None:
    lost = desk.lose_purchase()
    desk.world.clock.now += timedelta(seconds=1)
    later = desk.lose_purchase()

    ids, cursor = [], ""
    for _ in range(3):
        page = api.call("GET", f"/v1/reconciliation/items?limit=1{cursor}").json()
        ids += [item["id"] for item in page["items"]]
        cursor = f"&cursor={page['next']}"

    assert ids[1:] == [str(lost), str(later)]
