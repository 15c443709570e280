"""Acts that find points at kiosks ahead: they have them called back and are done when they are there."""

from uuid import UUID

import pytest

from hub.approvals.answers import carry_on
from hub.approvals.models import ApprovalRequest
from hub.intake import Item, Outcome, Verdict
from hub.leases.recalls import looked_up
from hub.members.models import Member
from hub.programme.service import Change, publish
from hub.returns.intake import LineReturned, PurchaseReturned
from protocol.duties import RecallLease
from protocol.errors import ErrorCode
from protocol.events import LeaseClosed
from tests.hub.leases.scene import Ahead, accepted, ask_for_erasure
from tests.hub.world import World


@pytest.fixture
def scene(world: World) -> Ahead:
    return Ahead(world)


def state_of(scene: Ahead, request: UUID) -> str:
    with scene.world.hub.database.read() as session:
        return session.get_one(ApprovalRequest, request).state


def carry(scene: Ahead) -> None:
    carry_on(scene.world.hub, scene.world.clock.now)


def test_an_erasure_that_finds_points_at_a_kiosk_is_tried_again_once_they_are_back(scene: Ahead) -> None:
    grant, request = scene.lend(500), ask_for_erasure(scene, "approved")

    carry(scene)
    before, recalls = state_of(scene, request), scene.duties(RecallLease)
    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))
    carry(scene)

    assert (before, recalls) == ("approved", [RecallLease(scene.here.epoch, grant.lease)])
    assert state_of(scene, request) == "done"
    with scene.world.hub.database.read() as session:
        assert session.get_one(Member, scene.member).state == "erasing"


def test_an_erasure_fails_where_nobody_gives_the_points_back(scene: Ahead) -> None:
    scene.lend(500)
    scene.connect(scene.here, "lost")
    request = ask_for_erasure(scene, "approved")

    carry(scene)

    assert state_of(scene, request) == "failed"
    assert len(scene.duties(RecallLease)) == 1


def bring_back(scene: Ahead, **policy: object) -> Item:
    """A return of goods for 1,000 points, of which 500 are spent or lent."""
    world, purchase = scene.world, scene.world.new_id()
    with world.hub.database.write() as session:
        publish(session, Change("returns", dict(policy), "test"), world.clock.now)
    world.book(world.posted(world.purchase(scene.member, 100_000), item_id=purchase))
    body = PurchaseReturned("B1", [LineReturned(1, 1, 100_000)], purchase)
    return world.posted(body, kind="purchase.returned")


def figures(outcome: Outcome) -> tuple[int, int, int]:
    assert outcome.is_applied, outcome
    names = ("points_back", "points_owed", "points_forgiven")
    back, owed, forgiven = (outcome.result[name] for name in names)
    return back, owed, forgiven


@pytest.mark.parametrize("policy", [{"short": "debt"}, {"short": "deny", "forgive": 5_000}])
def test_nothing_is_owed_or_forgiven_for_points_that_come_back(world: World, policy: dict[str, object]) -> None:
    scene = Ahead(world, points=1)
    item = bring_back(scene, **policy)
    grant = scene.lend(500)

    first = world.book(item)[0]
    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))
    second = world.book(item)[0]

    assert (first.verdict, first.code) == (Verdict.WAITING, ErrorCode.POINTS_RECALLED)
    assert figures(second) == (1_000, 0, 0)
    assert scene.debt() == 0
    world.assert_books_are_right()


def test_what_cannot_be_called_back_is_owed(world: World) -> None:
    scene = Ahead(world, points=1)
    item = bring_back(scene, short="debt")
    scene.lend(500)
    scene.connect(scene.here, "lost")

    outcome = world.book(item)[0]

    assert figures(outcome) == (501, 499, 0)
    world.assert_books_are_right()


def test_a_debt_for_what_was_away_is_paid_when_it_comes_back(world: World) -> None:
    scene = Ahead(world, points=1)
    item = bring_back(scene, short="debt")
    grant = scene.lend(500)
    scene.connect(scene.here, "lost")
    world.book(item)

    scene.tell(accepted(grant), LeaseClosed(grant.lease, 0))

    assert (scene.debt(), world.balance(scene.member)) == (0, 1)
    world.assert_books_are_right()


@pytest.mark.parametrize(
    ("connection", "short", "code"),
    [
        ("online", 200, ErrorCode.POINTS_RECALLED),
        ("lost", 200, ErrorCode.POINTS_LENT),
        ("online", 501, ErrorCode.POINTS_SHORT),
    ],
)
def test_a_preview_says_what_booking_would_and_calls_nothing_back(
    scene: Ahead, connection: str, short: int, code: ErrorCode
) -> None:
    scene.lend(500)
    scene.connect(scene.here, connection)

    with scene.world.hub.database.read() as session:
        said = looked_up(session, scene.member, short, scene.world.clock.now)

    assert said.code is code
    assert scene.duties(RecallLease) == []
