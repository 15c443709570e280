"""Kiosks of a store are told of each other's addresses, and told again when these change."""

from typing import Any

import pytest
from msgspec import UNSET

from hub.fleet import births
from hub.fleet.models import Kiosk
from hub.messaging import documents
from protocol import codec, state
from protocol.limits import NEIGHBOURS_MAX
from protocol.state import KioskStatus, TwinPointer
from protocol.topics import Channel
from tests.hub.api import Api
from tests.hub.messaging.line import Line
from tests.hub.world import TestKiosk, World

ADDRESS, OTHER = "10.0.0.7:7443", "[fd00::7]:7443"


def say(world: World, kiosk: TestKiosk, **stated: Any) -> None:
    """Have a kiosk state something of itself; it is born where nothing else is said."""
    fields: dict[str, Any] = {"state": "online", "connection": 1, "epoch": kiosk.epoch} | stated
    status = KioskStatus(**fields)
    with world.hub.database.write() as session:
        births.note_status(session, kiosk.id, status, world.clock.now, random_bytes=world.random.randbytes)


def configuration(world: World, kiosk: TestKiosk) -> tuple[int, object]:
    """Version of a kiosk's configuration, and the neighbours in it."""
    with world.hub.database.read() as session:
        page = documents.page(session, kiosk.id, "configuration", 0)
    assert page is not None
    return page.version, codec.decode(page.items[0], state.Configuration).neighbours


def test_who_has_no_neighbours_is_told_of_none(world: World) -> None:
    assert configuration(world, world.add_kiosk()) == (1, UNSET)


def test_a_kiosk_is_told_of_the_others_of_its_store_that_have_an_address(world: World) -> None:
    one, two, silent, elsewhere = world.add_kiosk(), world.add_kiosk(), world.add_kiosk(), world.add_kiosk("S02")

    say(world, one, address=ADDRESS)
    say(world, two, address=OTHER)
    say(world, silent)
    say(world, elsewhere, address="10.9.0.1:7443")

    assert configuration(world, one)[1] == {two.id: OTHER}
    assert configuration(world, two)[1] == {one.id: ADDRESS}
    assert configuration(world, silent)[1] == {one.id: ADDRESS, two.id: OTHER}
    assert configuration(world, elsewhere) == (2, UNSET)


@pytest.mark.parametrize(
    ("stated", "version", "neighbours"),
    [
        ({"address": ADDRESS}, 2, ADDRESS),
        ({"address": OTHER}, 3, OTHER),
        ({}, 3, None),
        ({"state": "offline"}, 2, ADDRESS),
        ({"state": "lost"}, 2, ADDRESS),
    ],
)
def test_the_version_rises_when_an_address_changes_and_only_then(
    world: World, stated: dict[str, Any], version: int, neighbours: str | None
) -> None:
    one, two = world.add_kiosk(), world.add_kiosk()
    say(world, one, address=ADDRESS)

    say(world, one, **stated)

    assert configuration(world, two) == (version, {one.id: neighbours} if neighbours else UNSET)


def test_a_status_that_names_no_journal_tells_the_address_too(world: World) -> None:
    one, two = world.add_kiosk(), world.add_kiosk()

    say(world, one, address=ADDRESS, epoch=UNSET)

    assert configuration(world, two) == (2, {one.id: ADDRESS})


def test_a_kiosk_that_was_revoked_is_nobodys_neighbour(api: Api) -> None:
    world = api.world
    one, two = world.add_kiosk(), world.add_kiosk()
    say(world, one, address=ADDRESS)

    revoked = [api.call("POST", f"/v1/kiosks/{one.id}/revoke") for _ in range(2)]
    say(world, one, address=OTHER)

    assert [answer.status_code for answer in revoked] == [200, 200]
    assert configuration(world, two) == (3, UNSET)


def test_a_kiosk_without_an_address_is_revoked_and_nobody_has_to_know(api: Api) -> None:
    one, two = api.world.add_kiosk(), api.world.add_kiosk()

    api.call("POST", f"/v1/kiosks/{one.id}/revoke")

    assert configuration(api.world, two) == (1, UNSET)


def test_no_more_neighbours_are_named_than_a_kiosk_talks_to(small_world: World) -> None:
    kiosks = sorted((small_world.add_kiosk() for _ in range(NEIGHBOURS_MAX + 2)), key=lambda kiosk: kiosk.id)
    for kiosk in kiosks:
        say(small_world, kiosk, address=ADDRESS)

    named = configuration(small_world, kiosks[-1])[1]

    assert named == {kiosk.id: ADDRESS for kiosk in kiosks[:NEIGHBOURS_MAX]}


def test_connected_neighbours_are_sent_a_note_at_once(world: World) -> None:
    line, one, two = Line(world), world.add_kiosk(), world.add_kiosk()
    line.arrive(line.born(two))

    line.arrive(line.born(one, address=ADDRESS))

    assert line.heard(two, Channel.TWIN, TwinPointer) == [TwinPointer(2)]


def test_the_address_is_kept_beside_the_kiosk(world: World) -> None:
    kiosk = world.add_kiosk()

    say(world, kiosk, address=ADDRESS)

    with world.hub.database.read() as session:
        assert session.get_one(Kiosk, kiosk.id).address == ADDRESS
