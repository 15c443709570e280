"""A word on a pass that waits for an upgrade: what follows it in its journal waits too, and the other word does not."""

import pytest
from msgspec import Struct

from hub.booking.again import Retried, retry_parked
from hub.booking.service import Booking
from hub.composition import intakes
from hub.intake import Entry, Outcome, Work
from hub.leases.intake import LeaseIntake
from protocol.errors import ErrorCode
from protocol.events import LeaseClosed, LeasePassed, LeaseTaken
from tests.hub.leases.neighbours import Neighbours, accepted, fence, spent, taken
from tests.hub.world import SECRETS, TestKiosk, World


class PoisonedLeases(LeaseIntake):
    """An intake of leases with a bug: what passes breaks it."""

    def decide(self, entry: Entry, work: Work) -> Outcome:
        if isinstance(entry.item.body, LeasePassed | LeaseTaken):
            raise ZeroDivisionError("a bug")
        return super().decide(entry, work)


class Upgraded(Neighbours):
    """The scene with a hub that has a bug until it is upgraded."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.tell(accepted(self.grant))
        kinds, poisoned = intakes(SECRETS), PoisonedLeases(SECRETS.cards, SECRETS.lease_key)
        kinds |= {kind: poisoned for kind, intake in kinds.items() if isinstance(intake, LeaseIntake)}
        self.buggy = Booking(world.hub.database, kinds, world.random.randbytes, vault=world.hub.vault)

    def tell_buggy(self, kiosk: TestKiosk, *bodies: Struct) -> list[ErrorCode | None]:
        booked = self.buggy.book(self.journal(kiosk, *bodies), self.world.clock.now)
        return [outcome.code for outcome in booked.outcomes]

    def again(self) -> Retried:
        return retry_parked(self.world.hub.database, self.world.hub.book)


@pytest.fixture
def scene(world: World) -> Upgraded:
    return Upgraded(world)


@pytest.mark.parametrize("is_fence_heard", [True, False])
def test_what_is_spent_from_a_note_waits_for_the_note(scene: Upgraded, *, is_fence_heard: bool) -> None:
    note = scene.note(100)
    parked = scene.tell_buggy(scene.beside, taken(note, scene.here), *spent(note, scene.world.new_id()))
    if is_fence_heard:
        scene.tell(fence(note))

    retried = scene.again()

    assert parked == [ErrorCode.EVENT_FAILED, ErrorCode.EVENT_BEHIND, ErrorCode.EVENT_BEHIND]
    assert retried == Retried(tried=3, applied=3)
    assert (scene.taker(note).state, scene.vouchers()) == ("closed", [100])
    assert scene.figures() == (500, 400)


@pytest.mark.parametrize("is_note_heard", [True, False])
def test_the_givers_end_waits_for_its_fence(scene: Upgraded, *, is_note_heard: bool) -> None:
    note = scene.note(100)
    parked = scene.tell_buggy(scene.here, fence(note), LeaseClosed(scene.grant.lease, 100))
    if is_note_heard:
        scene.tell_beside(taken(note, scene.here))

    retried = scene.again()

    assert parked == [ErrorCode.EVENT_FAILED, ErrorCode.EVENT_BEHIND]
    assert retried == Retried(tried=2, applied=2)
    assert (scene.giver().state, scene.taker(note).points) == ("closed", 100)
    assert scene.figures() == (900, 100)
