from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from hub.alerts.models import Alert
from hub.alerts.service import look
from hub.audit.models import AuditEntry
from hub.audit.service import audit
from hub.db.session import Database
from hub.staff.permissions import Permission
from tests.hub.api import Api
from tests.hub.audit.log import make_act
from tests.hub.world import START, World


class Watch(Api):
    """The API, with somebody who has just guessed passwords."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.guess(12)

    def guess(self, times: int) -> None:
        world = self.world
        act = make_act(actor="staff:a", action="staff.login_failed", subject="a", after={"device": "x"}, source="")
        with world.hub.database.write() as session:
            for _ in range(times):
                audit(session, act, world.clock.now, world.random.randbytes)

    def look(self) -> int:
        return len(look(self.world.hub.database, self.world.clock.now))

    def alerts(self, state: str = "open") -> list[dict[str, Any]]:
        items: list[dict[str, Any]] = self.call("GET", f"/v1/alerts?state={state}").json()["items"]
        return items


@pytest.fixture
def watch(world: World) -> Iterator[Watch]:
    opened = Watch(world)
    with opened.client:
        yield opened


def test_what_is_odd_is_raised_once(watch: Watch) -> None:
    raised = [watch.look(), watch.look()]
    watch.guess(3)
    raised.append(watch.look())

    assert raised == [1, 0, 0]
    [alert] = watch.alerts()
    assert (alert["kind"], alert["severity"], alert["subject"]) == ("log_in.failed_often", "medium", "person:a")
    assert alert["evidence"]["count"] == 10


def test_purchases_and_devices_are_looked_at(world: World) -> None:
    member = world.add_member()
    for _ in range(8):
        world.book(world.posted(world.purchase(member, 1_000)))
    with world.hub.database.write() as session:
        for device in ("till", "laptop"):
            world.clock.pass_(minutes=1)
            act = make_act(actor="staff:a", action="staff.logged_in", subject="a", after={"device": device})
            audit(session, act, world.clock.now, world.random.randbytes)

    look(world.hub.database, world.clock.now)

    with world.hub.database.read() as session:
        found = {alert.kind: alert for alert in session.execute(select(Alert)).scalars()}
    assert set(found) == {"earning.same_member", "log_in.new_device"}
    assert found["earning.same_member"].evidence == {"member": str(member), "purchases": 8, "of": 8}


def test_a_device_that_was_used_long_ago_is_not_new(world: World) -> None:
    for device in ("till", "laptop", "laptop"):
        act = make_act(actor="staff:a", action="staff.logged_in", subject="a", after={"device": device})
        with world.hub.database.write() as session:
            audit(session, act, world.clock.now, world.random.randbytes)
        world.clock.pass_(days=10)

    assert look(world.hub.database, world.clock.now) == []
    assert look(world.hub.database, world.clock.now) == []


def test_a_hub_without_a_chain_finds_nothing(database: Database) -> None:
    assert look(database, START) == []


def test_an_alert_is_taken_on_and_closed_with_what_came_of_it(watch: Watch) -> None:
    watch.look()
    [alert] = watch.alerts()
    request = str(uuid4())

    seen = watch.call("POST", f"/v1/alerts/{alert['id']}/see")
    closed, again = (
        watch.call("POST", f"/v1/alerts/{alert['id']}/close", {"note": "forgot the password"}, request=request)
        for _ in range(2)
    )

    assert [answer.json()["state"] for answer in (seen, closed, again)] == ["seen", "closed", "closed"]
    [shown] = watch.alerts("closed")
    assert (shown["note"], shown["answered_at"]) == ("forgot the password", "2026-11-21T02:00:00Z")
    with watch.world.hub.database.read() as session:
        acts = session.execute(select(AuditEntry.action).where(AuditEntry.subject == alert["id"])).scalars().all()
    assert sorted(acts) == ["alert.closed", "alert.seen"]


def test_a_closed_alert_stays_closed(watch: Watch) -> None:
    watch.look()
    path = f"/v1/alerts/{watch.alerts()[0]['id']}"
    watch.call("POST", f"{path}/close", {"note": "nothing"})

    response = watch.call("POST", f"{path}/close", {"note": "something"})

    assert (response.status_code, response.json()["code"]) == (409, "alert.closed")


def test_nobody_closes_an_alert_about_themselves(watch: Watch) -> None:
    watch.look()
    own = _own_actor(watch)
    with watch.world.hub.database.write() as session:
        alert = session.execute(select(Alert)).scalar_one()
        alert.subject = own

    response = watch.call("POST", f"/v1/alerts/{watch.alerts()[0]['id']}/close", {"note": "it was nothing"})

    assert (response.status_code, response.json()["code"]) == (403, "alert.own")


def _own_actor(watch: Watch) -> str:
    watch.call("POST", "/v1/keys", {"name": "x", "permissions": ["members:read"]})
    with watch.world.hub.database.read() as session:
        return session.execute(select(AuditEntry.actor).where(AuditEntry.action == "key.made")).scalar_one()


@pytest.mark.parametrize("note", ["", "x", None])
def test_closing_needs_a_note(watch: Watch, note: str | None) -> None:
    response = watch.call("POST", f"/v1/alerts/{uuid4()}/close", {} if note is None else {"note": note})

    assert response.status_code == 422


def test_an_alert_that_nobody_raised_is_unknown(watch: Watch) -> None:
    response = watch.call("POST", f"/v1/alerts/{uuid4()}/close", {"note": "nothing"})

    assert (response.status_code, response.json()["code"]) == (404, "alert.unknown")


def test_reading_and_closing_are_rights_of_their_own(watch: Watch) -> None:
    reading = watch.key(Permission.AUDIT_READ)

    assert watch.call("GET", "/v1/alerts", key=reading).status_code == 200
    assert watch.call("POST", f"/v1/alerts/{uuid4()}/see", key=reading).status_code == 403
