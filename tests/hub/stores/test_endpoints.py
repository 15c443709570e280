import base64
from typing import Any

import pytest
from sqlalchemy import select

from hub.audit.models import AuditEntry
from hub.fleet.models import Kiosk
from hub.messaging import documents
from hub.staff.permissions import Permission
from protocol import codec
from protocol.state import Configuration
from provisioning import keys
from tests.hub.api import Api
from tests.hub.world import STORE, World

PUBLIC = base64.b64encode(keys.public_der(keys.seeded_key(bytes(range(32))))).decode()
PATH = f"/v1/stores/{STORE}/receipt-keys"


@pytest.fixture
def api(world: World) -> Api:
    return Api(world)


def configuration(world: World, kiosk: str) -> tuple[int, Configuration]:
    with world.hub.database.read() as session:
        page = documents.page(session, kiosk, "configuration", 0)
    assert page is not None
    return page.version, codec.decode(page.items[0], Configuration)


def test_a_key_that_is_added_comes_to_the_stores_kiosks(api: Api) -> None:
    kiosk = api.world.add_kiosk()
    before, _nothing = configuration(api.world, kiosk.id)

    made = api.call("POST", PATH, {"id": "till-1", "public_key": PUBLIC})

    version, now = configuration(api.world, kiosk.id)
    assert (made.status_code, made.json()["store"], version) == (201, STORE, before + 1)
    assert now.receipt_keys == {"till-1": PUBLIC}


def test_a_key_comes_to_no_other_store(api: Api) -> None:
    kiosk = api.world.add_kiosk("S02")

    api.call("POST", PATH, {"id": "till-1", "public_key": PUBLIC})

    with api.world.hub.database.read() as session:
        assert session.get_one(Kiosk, kiosk.id).configuration == 1


def test_a_revoked_key_is_taken_from_the_kiosks_and_stays_in_the_list(api: Api) -> None:
    kiosk = api.world.add_kiosk()
    api.call("POST", PATH, {"id": "till-1", "public_key": PUBLIC})

    answers = [api.call("DELETE", f"{PATH}/till-1").status_code for _ in range(2)]

    version, now = configuration(api.world, kiosk.id)
    shown = api.call("GET", PATH).json()["items"]
    assert (answers, version, bool(now.receipt_keys)) == ([204, 204], 3, False)
    assert [(key["id"], key["revoked_at"] is None) for key in shown] == [("till-1", False)]


def test_what_is_done_to_keys_is_in_the_audit_log(api: Api) -> None:
    api.call("POST", PATH, {"id": "till-1", "public_key": PUBLIC})
    api.call("DELETE", f"{PATH}/till-1")

    with api.world.hub.database.read() as session:
        found = session.execute(select(AuditEntry.action).where(AuditEntry.subject == "till-1")).scalars().all()
    assert sorted(found) == ["receipt_key.added", "receipt_key.revoked"]


@pytest.mark.parametrize(
    ("call", "code"),
    [
        (("POST", PATH, {"id": "k", "public_key": "A" * 120}), "receipt_key.invalid"),
        (("POST", "/v1/stores/S99/receipt-keys", {"id": "k", "public_key": PUBLIC}), "store.unknown"),
        (("GET", "/v1/stores/S99/receipt-keys"), "store.unknown"),
        (("DELETE", f"{PATH}/nothing"), "receipt_key.unknown"),
    ],
)
def test_what_cannot_be_is_refused(api: Api, call: tuple[Any, ...], code: str) -> None:
    assert api.call(*call).json()["code"] == code


def test_a_name_is_used_once(api: Api) -> None:
    api.call("POST", PATH, {"id": "till-1", "public_key": PUBLIC})

    again = api.call("POST", "/v1/stores/S02/receipt-keys", {"id": "till-1", "public_key": PUBLIC})

    assert (again.status_code, again.json()["code"]) == (409, "receipt_key.taken")


def test_adding_a_key_needs_the_right_to(api: Api) -> None:
    key = api.key(Permission.FLEET_WRITE)

    assert api.call("POST", PATH, {"id": "till-1", "public_key": PUBLIC}, key=key).status_code == 403
