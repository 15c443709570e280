"""Notes and fences that contradict what was lent, or that nobody gave: refused, and nothing moves."""

from typing import Any

import msgspec
import pytest
from msgspec import Struct

from hub.fleet.models import Kiosk
from protocol import passes
from protocol.errors import ErrorCode
from protocol.events import LeaseClosed, LeaseTaken
from protocol.ids import kiosk_id
from tests.hub.leases.neighbours import Neighbours, accepted, altered, fence, spent, taken
from tests.hub.world import World

FORGED, DIFFERENT = ErrorCode.LEASE_NOTE_FORGED, ErrorCode.LEASE_DIFFERENT


@pytest.fixture
def scene(world: World) -> Neighbours:
    made = Neighbours(world)
    made.tell(accepted(made.grant))
    return made


def refused(scene: Neighbours, event: Struct, *, beside: bool) -> ErrorCode | None:
    """Why something is refused; then nothing has changed."""
    before = scene.figures(), [(lease.kiosk, lease.number, lease.spent) for lease in scene.leases()]
    [outcome] = scene.tell(event, kiosk=scene.beside if beside else scene.here)
    assert (scene.figures(), [(x.kiosk, x.number, x.spent) for x in scene.leases()]) == before
    return outcome.code


@pytest.mark.parametrize("what", ["points", "member", "lent", "seal", "kiosk", "lease", "to", "to_epoch", "deadline"])
def test_a_note_that_was_altered_is_not_genuine(scene: Neighbours, what: str) -> None:
    event = taken(scene.note(100), scene.here)
    other: dict[str, Any] = {
        "points": 101,
        "member": scene.world.add_member("陈思远"),
        "lent": 501,
        "seal": "0" * 64,
        "kiosk": scene.there.id,
        "lease": 2,
        "to": scene.there.id,
        "to_epoch": scene.world.new_id(),
        "deadline": scene.world.clock.now,
    }

    assert refused(scene, altered(event, **{what: other[what]}), beside=True) is FORGED


def test_a_note_that_the_giver_has_not_signed_is_not_genuine(scene: Neighbours) -> None:
    assert refused(scene, taken(scene.note(), scene.beside), beside=True) is FORGED


def test_a_note_of_a_kiosk_that_nobody_knows_is_not_genuine(scene: Neighbours) -> None:
    note = scene.note(kiosk=kiosk_id(bytes(16)))

    assert refused(scene, taken(note, scene.here), beside=True) is FORGED


@pytest.mark.parametrize("text", ["", "membertap:pass:", "membertap:pass:e30.AA", "membertap:receipt:e30.AA"])
def test_what_is_no_note_is_not_genuine(scene: Neighbours, text: str) -> None:
    assert refused(scene, LeaseTaken(passes.lease_of(scene.world.new_id()), text), beside=True) is FORGED


def test_a_note_counts_under_its_own_number_alone(scene: Neighbours) -> None:
    event = taken(scene.note(), scene.here, lease=passes.lease_of(scene.world.new_id()))

    assert refused(scene, event, beside=True) is FORGED


@pytest.mark.parametrize("what", ["to", "to_epoch"])
def test_a_note_for_another_kiosk_or_another_journal_is_not_this_ones(scene: Neighbours, what: str) -> None:
    other: dict[str, Any] = {"to": scene.there.id, "to_epoch": scene.there.epoch}

    event = taken(scene.note(**{what: other[what]}), scene.here)

    assert refused(scene, event, beside=True) is DIFFERENT


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("member", DIFFERENT),
        ("lent", DIFFERENT),
        ("seal", DIFFERENT),
        ("epoch", DIFFERENT),
        ("points", ErrorCode.LEASE_OVERSPENT),
        ("lease", ErrorCode.LEASE_UNKNOWN),
    ],
)
def test_what_a_giver_signs_must_be_what_it_was_lent(scene: Neighbours, what: str, code: ErrorCode) -> None:
    other: dict[str, Any] = {
        "member": scene.world.add_member("陈思远"),
        "lent": 600,
        "seal": "0" * 64,
        "epoch": scene.beside.epoch,
        "points": 501,
        "lease": 7,
    }

    assert refused(scene, taken(scene.note(**{what: other[what]}), scene.here), beside=True) is code


def test_pieces_of_a_reward_do_not_pass_as_points(scene: Neighbours) -> None:
    stock = scene.lend_stock()

    assert refused(scene, taken(scene.note(lease=stock.lease), scene.here), beside=True) is DIFFERENT


def test_a_note_is_taken_once(scene: Neighbours) -> None:
    event = taken(scene.note(), scene.here)
    scene.tell_beside(event)

    assert refused(scene, event, beside=True) is ErrorCode.LEASE_CLOSED


def test_a_fence_that_is_told_twice_moves_its_points_once(scene: Neighbours) -> None:
    note = scene.note(100)
    scene.tell(fence(note))

    assert refused(scene, fence(note), beside=False) is None
    assert [scene.tell(LeaseClosed(scene.grant.lease, spent))[0].code for spent in (200, 100)] == [
        ErrorCode.LEASE_OVERSPENT,
        None,
    ]


@pytest.mark.parametrize("what", ["points", "to_epoch"])
def test_a_fence_that_says_something_else_than_the_note_is_refused(scene: Neighbours, what: str) -> None:
    note = scene.note(100)
    scene.tell_beside(taken(note, scene.here))
    other: dict[str, Any] = {"points": 99, "to_epoch": scene.world.new_id()}

    event = fence(msgspec.structs.replace(note, **{what: other[what]}))

    assert refused(scene, event, beside=False) is DIFFERENT


def test_a_note_that_says_something_else_than_the_fence_is_refused(scene: Neighbours) -> None:
    note = scene.note(100)
    scene.tell(fence(note))

    assert refused(scene, taken(scene.note(99, id=note.id), scene.here), beside=True) is DIFFERENT


@pytest.mark.parametrize(
    ("what", "code"),
    [
        ("unknown lease", ErrorCode.LEASE_UNKNOWN),
        ("unknown kiosk", ErrorCode.KIOSK_UNKNOWN),
        ("itself", DIFFERENT),
        ("more than was lent", ErrorCode.LEASE_OVERSPENT),
    ],
)
def test_a_fence_that_cannot_be_is_refused(scene: Neighbours, what: str, code: ErrorCode) -> None:
    other: dict[str, dict[str, Any]] = {
        "unknown lease": {"lease": 7},
        "unknown kiosk": {"to": kiosk_id(bytes(16))},
        "itself": {"to": scene.here.id, "to_epoch": scene.here.epoch},
        "more than was lent": {"points": 501},
    }

    assert refused(scene, fence(scene.note(**other[what])), beside=False) is code


def test_points_that_were_asked_for_are_not_passed_on(scene: Neighbours) -> None:
    number = scene.ask(300, scene.world.add_reward("tea", 300), kiosk=scene.here).result["lease"]

    assert refused(scene, fence(scene.note(100, lease=number)), beside=False) is DIFFERENT


def test_what_was_passed_on_is_not_passed_on_again(scene: Neighbours) -> None:
    note = scene.note(100)
    scene.tell_beside(taken(note, scene.here))
    back = scene.note(50, lease=passes.lease_of(note.id), to=scene.there.id, to_epoch=scene.there.epoch)

    assert refused(scene, fence(back), beside=True) is DIFFERENT


def test_a_note_of_a_kiosk_that_was_revoked_since_still_stands(scene: Neighbours) -> None:
    note = scene.note(100)
    with scene.world.hub.database.write() as session:
        session.get_one(Kiosk, scene.here.id).state = "revoked"

    outcomes = scene.tell_beside(taken(note, scene.here), *spent(note, scene.world.new_id()))

    assert [outcome.code for outcome in outcomes] == [None] * 3
    assert scene.figures() == (500, 400)


def test_what_is_spent_from_a_note_that_was_refused_lands_on_the_desk(scene: Neighbours) -> None:
    note = scene.note(100)

    scene.tell_beside(taken(note, scene.beside), *spent(note, scene.world.new_id()))

    assert {("lease.taken", "lease.note_forged"), ("lease.spent", "lease.unknown")} <= scene.desk()
