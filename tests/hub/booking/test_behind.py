from typing import Any

from msgspec import Struct

from hub.booking.again import Retried, retry_parked
from hub.booking.service import Booking
from hub.composition import intakes
from hub.intake import Entry, Outcome, Verdict, Work
from hub.leases.intake import LeaseIntake
from protocol.duties import EventSettled
from protocol.errors import ErrorCode
from protocol.events import LeaseClosed, LeaseSpent
from tests.hub.booking.test_again import told
from tests.hub.leases.scene import TOTE, Ahead, accepted, stock_accepted
from tests.hub.world import SECRETS, World

POISON_POINTS = 66


class PoisonedLeases(LeaseIntake):
    """An intake of leases with a bug: one price breaks it."""

    def decide(self, entry: Entry, work: Work) -> Outcome:
        if isinstance(entry.item.body, LeaseSpent) and entry.item.body.points == POISON_POINTS:
            raise ZeroDivisionError("a bug")
        return super().decide(entry, work)


class Scene(Ahead):
    """A kiosk with a lease ahead, and a hub with a bug until it is upgraded."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.grant = self.lend()
        self.tell(accepted(self.grant))
        kinds = intakes(SECRETS)
        poisoned = PoisonedLeases(SECRETS.cards, SECRETS.lease_key)
        kinds |= {kind: poisoned for kind, intake in kinds.items() if isinstance(intake, LeaseIntake)}
        self.buggy = Booking(world.hub.database, kinds, world.random.randbytes, vault=world.hub.vault)

    def tell_buggy(self, *bodies: Struct) -> list[Outcome]:
        items = [self.world.told(self.here, body) for body in bodies]
        return self.buggy.book(items, self.world.clock.now).outcomes

    def poison(self, **named: Any) -> LeaseSpent:
        return self.spent(self.grant, POISON_POINTS, **named)

    def states(self) -> list[tuple[str, int]]:
        return [(lease.state, lease.spent) for lease in self.leases()]

    def again(self) -> Retried:
        return retry_parked(self.world.hub.database, self.world.hub.book)


def codes(outcomes: list[Outcome]) -> list[ErrorCode | None]:
    return [outcome.code for outcome in outcomes]


def test_a_fence_behind_a_parked_spend_is_parked_with_it(world: World) -> None:
    scene = Scene(world)

    outcomes = scene.tell_buggy(scene.poison(), LeaseClosed(scene.grant.lease, POISON_POINTS))

    assert codes(outcomes) == [ErrorCode.EVENT_FAILED, ErrorCode.EVENT_BEHIND]
    assert outcomes[1].verdict is Verdict.PARKED
    assert scene.states() == [("accepted", 0)]


def test_both_are_booked_in_order_when_they_are_tried_again(world: World) -> None:
    scene = Scene(world)
    scene.tell_buggy(scene.poison(), LeaseClosed(scene.grant.lease, POISON_POINTS))

    retried = scene.again()

    assert retried == Retried(tried=2, applied=2)
    assert scene.states() == [("closed", POISON_POINTS)]
    assert world.balance(scene.member) == 1_000 - POISON_POINTS
    assert told(world, scene.here) == [EventSettled(scene.here.epoch, seq) for seq in (3, 4)]
    world.assert_books_are_right()


def test_what_comes_later_waits_too(world: World) -> None:
    scene = Scene(world)
    scene.tell_buggy(scene.poison())
    world.clock.pass_(days=1)

    later = scene.tell(scene.spent(scene.grant, 60), LeaseClosed(scene.grant.lease, POISON_POINTS + 60))
    scene.again()

    assert codes(later) == [ErrorCode.EVENT_BEHIND] * 2
    assert scene.states() == [("closed", POISON_POINTS + 60)]
    world.assert_books_are_right()


def test_many_that_came_at_once_are_tried_in_the_order_of_the_journal(world: World) -> None:
    scene = Scene(world)
    spends = [scene.spent(scene.grant, 10) for _ in range(20)]
    scene.tell_buggy(scene.poison(), *spends, LeaseClosed(scene.grant.lease, POISON_POINTS + 200))

    assert scene.again() == Retried(tried=22, applied=22)
    assert scene.states() == [("closed", POISON_POINTS + 200)]


def test_while_the_bug_is_there_all_of_it_stays_parked(world: World) -> None:
    scene = Scene(world)
    scene.tell_buggy(scene.poison(), LeaseClosed(scene.grant.lease, POISON_POINTS))

    retried = retry_parked(world.hub.database, lambda items: scene.buggy.book(items, world.clock.now).outcomes)

    assert retried == Retried(tried=2)
    assert told(world, scene.here) == []
    assert scene.again().applied == 2


def test_a_fence_of_pieces_waits_for_a_parked_spend_that_took_one(world: World) -> None:
    scene = Scene(world)
    stock = scene.lend_stock()
    scene.tell(stock_accepted(stock))

    outcomes = scene.tell_buggy(scene.poison(reward=TOTE, stock=stock.lease), LeaseClosed(stock.lease, 1))
    scene.again()

    assert outcomes[1].code is ErrorCode.EVENT_BEHIND
    assert [(lease.state, lease.spent) for lease in scene.stock_leases()] == [("closed", 1)]
    world.assert_books_are_right()


def test_other_leases_and_other_kiosks_wait_for_nothing(world: World) -> None:
    scene = Scene(world)
    there = scene.lend(100, scene.there)
    scene.tell(accepted(there), kiosk=scene.there)
    scene.tell_buggy(scene.poison())
    pieces = scene.lend_stock()

    here = scene.tell(stock_accepted(pieces), LeaseClosed(pieces.lease, 0))
    elsewhere = scene.tell(scene.spent(there, 50), LeaseClosed(there.lease, 50), kiosk=scene.there)

    assert codes(here) + codes(elsewhere) == [None] * 4


def test_a_spend_that_is_rejected_in_the_end_leaves_the_fence_to_contradict_it(world: World) -> None:
    scene = Scene(world)
    scene.tell_buggy(scene.poison(reward=world.new_id()), LeaseClosed(scene.grant.lease, POISON_POINTS))

    assert scene.again() == Retried(tried=2, rejected=2)
