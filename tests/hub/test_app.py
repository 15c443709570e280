from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from hub.audit.models import AuditEntry
from hub.db.session import Database
from hub.members.models import Member
from hub.staff.permissions import Permission
from protocol.events import LeaseAccepted
from tests.hub.api import LATTE, NOBODY, TOTE, Api
from tests.hub.routes import add_voucher
from tests.hub.world import STORE, World


@pytest.fixture
def api_on_each_database(world: World) -> Iterator[Api]:
    opened = Api(world)
    with opened.client:
        yield opened


def test_a_purchase_earns_points(api_on_each_database: Api) -> None:
    api = api_on_each_database
    member = api.world.add_member()

    response = api.call("POST", "/v1/purchases", api.purchase(member))

    assert response.status_code == 201
    assert response.json()["points"] == 100
    balance = api.call("GET", f"/v1/members/{member}/balance").json()
    figures = {name: balance[name] for name in ("member", "points", "qualifying", "stored_value", "debt", "version")}
    assert figures == {
        "member": str(member),
        "points": 100,
        "qualifying": 100,
        "stored_value": 0,
        "debt": 0,
        "version": 1,
    }


def test_a_repeated_request_is_answered_as_the_first_time(api: Api) -> None:
    body, request = api.purchase(api.world.add_member()), str(uuid4())

    first, second = (api.call("POST", "/v1/purchases", body, request=request) for _ in range(2))

    assert first.json() == second.json()
    assert second.status_code == 201


def test_a_request_id_with_other_content_is_a_conflict(api: Api) -> None:
    member, request = api.world.add_member(), str(uuid4())
    api.call("POST", "/v1/purchases", api.purchase(member), request=request)

    response = api.call("POST", "/v1/purchases", api.purchase(member, 5), request=request)

    assert (response.status_code, response.json()["code"]) == (409, "request.conflict")


def test_a_booking_without_a_request_id_is_refused(api: Api) -> None:
    headers = {"Authorization": f"Bearer {api.world.till_key}"}

    response = api.client.post("/v1/purchases", json=api.purchase(NOBODY), headers=headers)

    assert (response.status_code, response.json()["code"]) == (400, "request.id_missing")


@pytest.mark.parametrize(
    "wrong",
    [
        {"lines": []},
        {"lines": [{"product": "p", "category": "c", "quantity": 0, "amount": 1}]},
        {"lines": [{"product": "p", "category": "c", "quantity": 1, "amount": -1}]},
        {"lines": [{"product": "p", "category": "c", "quantity": 1, "amount": 10**13}]},
        {"lines": [{"product": "p\0", "category": "c", "quantity": 1, "amount": 1}]},
        {"member": "nobody"},
        {"currency": "yuan"},
        {"purchased_at": "2026-11-21T10:00:00"},
        {"receipt": ""},
        {"receipt": "x" * 65},
        {"surprise": 1},
    ],
)
def test_a_malformed_purchase_names_its_fields_and_repeats_nothing(api: Api, wrong: dict[str, Any]) -> None:
    response = api.call("POST", "/v1/purchases", api.purchase(api.world.add_member(), **wrong))

    assert (response.status_code, response.json()["code"]) == (422, "request.invalid")
    assert response.headers["content-type"] == "application/problem+json"
    assert response.json()["data"]["fields"][0]["field"].startswith(f"body.{next(iter(wrong))}")
    assert "nobody" not in response.text


def test_problems_are_told_in_the_callers_language(api: Api) -> None:
    path = f"/v1/members/{NOBODY}"
    headers = {"Authorization": f"Bearer {api.world.till_key}"}

    said = [
        api.client.get(path, headers=headers | {"Accept-Language": language}).json()["detail"]
        for language in ("zh-CN,zh;q=0.9", "en-GB", "fr", "")
    ]

    assert said[0] == "没有找到这位会员。"
    assert said[1:] == ["No such member was found."] * 3


@pytest.mark.parametrize("path", ["/nowhere", "/v1/nobody", "/docs", "/v1/../health"])
def test_what_is_not_there_is_told_so(api: Api, path: str) -> None:
    response = api.call("GET", path)

    assert response.status_code in {404, 200} if path.endswith("health") else response.status_code == 404


def test_somebody_joins_and_is_found_by_phone_and_card(api_on_each_database: Api) -> None:
    api = api_on_each_database
    body = {"name": "林晓雨", "phone": "140 0000 0001", "birthday": "1990-05-01", "home_store": STORE}
    joined = api.call("POST", "/v1/members", body).json()
    card = {"uid": "04a1b2c3d4e5f6", "technology": "ntag424"}
    api.call("POST", f"/v1/members/{joined['id']}/cards", card)

    by_phone = api.call("POST", "/v1/members/find", {"phone": "+8614000000001"}).json()
    by_card = api.call("POST", "/v1/members/find", {"card": card["uid"]}).json()

    assert joined["display_name"] == "林*"
    assert joined["tier"] == "classic"
    assert by_phone == by_card == joined


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"phone": "123"}, "phone.invalid"),
        ({"birthday": "2999-01-01"}, "birthday.invalid"),
        ({"home_store": "S99"}, "store.unknown"),
        ({"phone": "+8614000000009"}, "member.phone_taken"),
    ],
)
def test_a_wrong_registration_is_refused(api: Api, change: dict[str, str], code: str) -> None:
    api.world.add_member("张伟", "+8614000000009")

    response = api.call("POST", "/v1/members", {"name": "林", "home_store": STORE, **change})

    assert response.json()["code"] == code
    with api.world.hub.database.read() as session:
        assert session.query(Member).count() == 1


def test_a_card_belongs_to_one_member_only(api: Api) -> None:
    card = {"uid": "04a1b2c3d4e5f6", "technology": "ntag424"}
    first, second = api.world.add_member(), api.world.add_member()
    api.call("POST", f"/v1/members/{first}/cards", card)

    response = api.call("POST", f"/v1/members/{second}/cards", card)

    assert (response.status_code, response.json()["code"]) == (409, "card.taken")


def test_a_tier_is_given_by_hand_and_written_down(api_on_each_database: Api) -> None:
    api = api_on_each_database
    member, body = api.world.add_member(), {"tier": "gold", "reason": "a gesture"}

    response = api.call("PUT", f"/v1/members/{member}/tier", body)

    assert response.json()["tier"] == "gold"
    [entry] = [act for act in api.call("GET", "/v1/audit").json()["items"] if act["action"] == "member.tier_given"]
    assert (entry["before"], entry["after"]) == ({"tier": "classic"}, body)
    assert entry["subject"] == str(member)


def test_a_tier_given_twice_under_one_id_is_given_once(api: Api) -> None:
    path, request = f"/v1/members/{api.world.add_member()}/tier", str(uuid4())
    gold = {"tier": "gold", "reason": "a gesture"}
    api.call("PUT", path, gold, request=request)
    api.call("PUT", path, {"tier": "silver", "reason": "a mistake"})

    repeated = api.call("PUT", path, gold, request=request)
    other = api.call("PUT", path, {"tier": "silver", "reason": "another"}, request=request)

    assert (repeated.status_code, repeated.json()["tier"]) == (200, "silver")
    assert (other.status_code, other.json()["code"]) == (409, "request.conflict")


def test_an_unknown_tier_is_refused(api: Api) -> None:
    response = api.call("PUT", f"/v1/members/{api.world.add_member()}/tier", {"tier": "iron", "reason": "why not"})

    assert response.json()["code"] == "tier.unknown"


def test_a_new_earning_rule_holds_from_the_next_purchase(api_on_each_database: Api) -> None:
    api = api_on_each_database
    member = api.world.add_member()
    api.call("POST", "/v1/purchases", api.purchase(member))

    shown = api.call("PUT", "/v1/programme/terms/earning.1", {"document": {"points": 2, "per_minor": 100}}).json()
    api.call("POST", "/v1/purchases", api.purchase(member))

    assert (shown["version"], shown["document"]["points"]) == (2, 2)
    movements = api.call("GET", f"/v1/members/{member}/statement").json()["movements"]
    parts = [movement["cause"]["parts"][0] for movement in movements]
    assert sorted((part["points"], part["version"]) for part in parts) == [([100], 1), ([200], 2)]


def test_a_price_is_changed_and_written_down(api_on_each_database: Api) -> None:
    api = api_on_each_database

    changed = api.call("PATCH", f"/v1/rewards/{LATTE}", {"points": 500, "stock": 9}).json()

    assert (changed["points"], changed["stock"]) == (500, 9)
    rewards = {reward["id"]: reward for reward in api.call("GET", "/v1/rewards").json()["items"]}
    assert rewards[str(LATTE)]["points"] == 500
    assert rewards[str(TOTE)]["stock"] == 1


def test_a_picture_is_public_and_never_grows_old(api: Api) -> None:
    response = api.client.get(f"/pictures/{'ab' * 32}")

    assert (response.content, response.headers["content-type"]) == (b"png", "image/png")
    assert "immutable" in response.headers["Cache-Control"]


def test_a_voucher_is_handed_out_once(api: Api) -> None:
    code = add_voucher(api.world)

    seen = api.call("GET", f"/v1/vouchers/{code}").json()
    first, second = (api.call("POST", f"/v1/vouchers/{code.lower()}/hand-out") for _ in range(2))

    assert (seen["state"], seen["reward"]) == ("open", {"zh": "latte"})
    assert first.json()["state"] == "handed_out"
    assert (second.status_code, second.json()["code"]) == (409, "voucher.handed_out")


def test_a_voucher_of_another_store_is_not_handed_out(api: Api) -> None:
    code, key = add_voucher(api.world), api.key(Permission.VOUCHERS_WRITE, stores=("S02",))

    assert api.call("POST", f"/v1/vouchers/{code}/hand-out", key=key).json()["code"] == "store.out_of_scope"


def test_an_unknown_voucher_is_told_so(api: Api) -> None:
    assert api.call("GET", "/v1/vouchers/AAAAA-AAAAA").json()["code"] == "voucher.unknown"


def test_kiosks_are_shown_with_their_journals(api: Api) -> None:
    world, kiosk = api.world, api.world.add_kiosk()
    world.book(world.told(kiosk, LeaseAccepted(1, world.add_member(), 0)))

    [shown] = api.call("GET", "/v1/kiosks").json()["items"]

    assert (shown["id"], shown["connection"]) == (kiosk.id, "never")
    assert shown["streams"] == [{"epoch": str(kiosk.epoch), "state": "accepted", "upto": 1}]


def test_accepting_a_new_journal_ends_all_others(api: Api) -> None:
    world, kiosk = api.world, api.world.add_kiosk()
    body = LeaseAccepted(1, world.add_member(), 0)
    world.book(world.told(kiosk, body))
    for _ in range(2):
        kiosk.epoch, kiosk.seq, kiosk.head = world.new_id(), 0, bytes(32)
        world.book(world.told(kiosk, body))

    shown = api.call("POST", f"/v1/kiosks/{kiosk.id}/epochs/{kiosk.epoch}/accept").json()

    assert {stream["epoch"]: stream["state"] for stream in shown["streams"]}[str(kiosk.epoch)] == "accepted"
    assert sorted(stream["state"] for stream in shown["streams"]) == ["accepted", "ended", "ended"]


def test_a_kiosk_is_revoked(api: Api) -> None:
    kiosk = api.world.add_kiosk()

    assert api.call("POST", f"/v1/kiosks/{kiosk.id}/revoke").json()["state"] == "revoked"


def test_a_card_is_blocked(api: Api) -> None:
    member = api.world.add_member()
    body = {"uid": "04a1b2c3d4e5f6", "technology": "ntag424"}
    card = api.call("POST", f"/v1/members/{member}/cards", body).json()

    assert api.call("POST", f"/v1/cards/{card['id']}/block").json()["state"] == "blocked"


def test_the_books_are_proved_on_demand(api_on_each_database: Api) -> None:
    api_on_each_database.world.earn(api_on_each_database.world.add_member(), 5)

    assert api_on_each_database.call("GET", "/v1/ledger/proof").json()["faults"] == []


def test_a_failure_of_ours_says_so_and_shows_nothing(api: Api) -> None:
    api.world.hub.database.engine.dispose()
    with api.world.hub.database.write() as session:
        session.execute(text("DROP TABLE audit"))

    response = api.call("GET", "/v1/audit")

    assert (response.status_code, response.json()["code"]) == (500, "request.failed")
    assert "audit" not in response.json()["detail"].lower()


@pytest.mark.parametrize("change", ["UPDATE audit SET actor = 'nobody'", "DELETE FROM audit"])
def test_the_database_itself_keeps_the_audit_log(world: World, change: str) -> None:
    database: Database = world.hub.database
    world.add_kiosk()

    with pytest.raises(DatabaseError, match="append-only"), database.write() as session:
        session.execute(text(change))
    with database.read() as session:
        assert session.query(AuditEntry).count() == 1
