from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.incident import IncidentError, Scope, affected, doors, end
from hub.staff.permissions import Permission, Role
from protocol.errors import ErrorCode
from tests.hub.api import Api
from tests.hub.world import STORE, TestKiosk, World

OTHER = "S02"
PLACES = ("chain", STORE, OTHER)


class Rehearsal(Api):
    """A chain at work: in the whole chain and in each store a person with a session, a key and a kiosk."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.people = {place: world.add_person(Role.CASHIER, stores=self.stores_of(place)) for place in PLACES}
        self.sessions = {place: world.log_in(person) for place, person in self.people.items()}
        self.keys = {place: self.key(*Permission, stores=tuple(self.stores_of(place))) for place in PLACES}
        self.kiosks = {place: world.add_kiosk(place) for place in (STORE, OTHER)}
        self.member = world.add_member(phone="+8613800000001")

    @staticmethod
    def stores_of(place: str) -> list[str]:
        return [] if place == "chain" else [place]

    def gets_in(self, credential: str) -> bool:
        """Tell whether somebody gets in with a session or a key."""
        status = self.call("GET", f"/v1/members/{self.member}", key=credential).status_code
        assert status in {200, 401}
        return bool(status == 200)

    def is_heard(self, kiosk: TestKiosk) -> bool:
        """Tell whether what a kiosk sends is taken."""
        body = self.world.purchase(self.member, 100)
        return self.world.book(self.world.told(kiosk, body))[0].code is not ErrorCode.KIOSK_REVOKED

    def inside(self) -> dict[str, list[str]]:
        """Where somebody still gets in by a session and by a key, and whose kiosks are heard."""
        return {
            "sessions": [place for place, token in self.sessions.items() if self.gets_in(token)],
            "keys": [place for place, secret in self.keys.items() if self.gets_in(secret)],
            "kiosks": [place for place, kiosk in self.kiosks.items() if self.is_heard(kiosk)],
        }


@pytest.fixture
def rehearsal(world: World) -> Iterator[Rehearsal]:
    opened = Rehearsal(world)
    with opened.client:
        yield opened


@pytest.mark.parametrize(
    ("scope", "left"),
    [
        (Scope("chain"), {"sessions": [], "keys": [], "kiosks": []}),
        (Scope("region", "east"), {"sessions": ["chain"], "keys": ["chain"], "kiosks": []}),
        (Scope("store", STORE), {"sessions": ["chain", OTHER], "keys": ["chain", OTHER], "kiosks": [OTHER]}),
    ],
)
def test_all_of_a_scope_is_ended_at_once_and_nothing_else(
    rehearsal: Rehearsal, scope: Scope, left: dict[str, list[str]]
) -> None:
    before = rehearsal.inside()

    end(rehearsal.world.hub, scope, "a kiosk was stolen")

    assert before == {"sessions": [*PLACES], "keys": [*PLACES], "kiosks": [STORE, OTHER]}
    assert rehearsal.inside() == left


def test_a_person_s_sessions_and_keys_are_ended_with_those_made_by_them(rehearsal: Rehearsal) -> None:
    world = rehearsal.world
    admin = world.add_person(Role.ADMIN)
    token, bystander = world.log_in(admin), world.person(Role.ADMIN)
    made = rehearsal.key_made_by(token)
    by_key = rehearsal.key_made_by(made)

    found = end(world.hub, Scope("person", str(admin.id)), "a laptop was stolen")

    assert (len(found.people), len(found.keys), found.kiosks) == (1, 2, ())
    assert [rehearsal.gets_in(one) for one in (token, made, by_key, bystander)] == [False, False, False, True]


def test_a_dry_run_ends_nothing(rehearsal: Rehearsal) -> None:
    with rehearsal.world.hub.database.read() as session:
        found = doors(session, Scope("store", STORE), rehearsal.world.clock.now)

    assert (len(found.people), len(found.keys), found.kiosks) == (1, 1, (rehearsal.kiosks[STORE].id,))
    assert rehearsal.inside()["sessions"] == [*PLACES]


def test_what_was_ended_is_written_down_with_its_reason(rehearsal: Rehearsal) -> None:
    end(rehearsal.world.hub, Scope("store", STORE), "a kiosk was stolen")

    [told] = rehearsal.acts("incident.ended")
    assert (told.subject, told.reason) == (STORE, "a kiosk was stolen")
    assert told.after == {"scope": "store", "people": 1, "keys": 1, "kiosks": 1}
    assert [act.subject for act in rehearsal.acts("kiosk.revoked")] == [rehearsal.kiosks[STORE].id]
    assert len(rehearsal.acts("key.revoked")) == len(rehearsal.acts("staff.sessions_ended")) == 1


def test_ending_a_scope_twice_finds_nobody_left_to_shut_out(rehearsal: Rehearsal) -> None:
    end(rehearsal.world.hub, Scope("chain"), "a dump has leaked")

    again = end(rehearsal.world.hub, Scope("chain"), "a dump has leaked")

    assert (again.keys, again.kiosks) == ((), ())


@pytest.mark.parametrize("scope", [Scope("store", "S99"), Scope("region", "west"), Scope("person", "x")])
def test_a_scope_that_does_not_exist_is_said(small_world: World, scope: Scope) -> None:
    with pytest.raises(IncidentError, match="there is no"):
        end(small_world.hub, scope, "why")


def counted(world: World, actor: str, **span: Any) -> dict[UUID, int]:
    since, until = span.get("since", world.clock.now), span.get("until", world.clock.now + timedelta(hours=1))
    with world.hub.database.read() as session:
        return dict(affected(session, actor, since, until))


def test_whom_somebody_s_doings_concern_is_found(rehearsal: Rehearsal) -> None:
    world = rehearsal.world
    admin = world.add_person(Role.ADMIN)
    token, other = world.log_in(admin), world.add_member("周明", phone="+8613800000002")
    made = rehearsal.key_made_by(token)
    uid = {"uid": "04" + "ab" * 6, "technology": "ntag424"}
    card = rehearsal.call("POST", f"/v1/members/{rehearsal.member}/cards", uid, key=token).json()["id"]
    rehearsal.call("POST", f"/v1/cards/{card}/block", key=made)
    rehearsal.call("POST", "/v1/purchases", rehearsal.purchase(other), key=made)
    rehearsal.call("POST", "/v1/purchases", rehearsal.purchase(rehearsal.member))

    found = counted(world, f"staff:{admin.id}")

    assert found == {rehearsal.member: 2, other: 1}
    assert counted(world, f"staff:{admin.id}", until=world.clock.now) == {}
    assert counted(world, f"staff:{UUID(int=1)}") == {}
