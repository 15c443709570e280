from datetime import timedelta

import pytest
from sqlalchemy import select, update

from hub.fleet.models import Kiosk
from hub.leases.models import Lending
from hub.leases.rounds import Rounds
from hub.leases.stock_rounds import lend_stock
from hub.members.models import Member
from hub.programme.service import Change, publish
from protocol.duties import LendPoints, LendStock, RecallLease, RenewCards
from protocol.events import LeaseClosed
from protocol.limits import VERIFIERS_MAX
from tests.hub.leases.scene import Ahead, accepted, ask_for_erasure, stock_accepted
from tests.hub.world import World


class Scene(Ahead):
    """A scene with rounds of lending."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.rounds = Rounds(world.hub.database, world.hub.book)
        self.put()

    def run(self, **later: float) -> int:
        self.world.clock.pass_(**later)
        return self.rounds.run(self.world.clock.now)

    def close(self, spent: int = 0) -> None:
        """Have the kiosk answer the newest grant with its fence."""
        grant = self.duties(LendPoints)[-1]
        self.tell(accepted(grant), LeaseClosed(grant.lease, spent))

    def lent(self) -> list[int]:
        return [grant.points for grant in self.duties(LendPoints)]

    def known(self) -> list[Lending]:
        with self.world.hub.database.read() as session:
            return list(session.execute(select(Lending)).scalars())


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene(world)


def test_who_came_is_lent_to_at_once(scene: Scene) -> None:
    scene.tap(scene.here)

    assert scene.run() == 1
    assert scene.lent() == [500]
    scene.world.assert_books_are_right()


def test_a_round_that_comes_again_does_nothing(scene: Scene) -> None:
    scene.tap(scene.here)

    assert [scene.run(), scene.run(), Rounds(scene.world.hub.database, scene.world.hub.book).run(scene.world.clock.now)]
    assert scene.lent() == [500]


def test_who_never_came_is_not_looked_at(scene: Scene) -> None:
    assert scene.run() == 0
    assert scene.known() == []


def test_nothing_is_looked_at_without_a_policy(world: World) -> None:
    scene = Ahead(world)
    scene.tap(scene.here)

    assert Rounds(world.hub.database, world.hub.book).run(world.clock.now) == 0


def test_points_that_come_later_are_lent_too(scene: Scene) -> None:
    scene.put(cap_points=2_000)
    scene.tap(scene.here)
    scene.run()
    scene.world.earn(scene.member, 1_000)

    scene.run(minutes=1)
    recalled = len(scene.duties(RecallLease))
    scene.close()
    scene.run(seconds=20)

    assert recalled == 1
    assert scene.lent()[0] == 500
    assert scene.lent()[1] > 900
    assert scene.world.balance(scene.member) >= scene.lent()[1]
    scene.world.assert_books_are_right()


def test_what_was_wanted_elsewhere_is_lent_again_only_after_a_while(scene: Scene) -> None:
    scene.tap(scene.here)
    scene.run()
    scene.ask(600)
    scene.close()

    scene.run(seconds=5)
    at_once = len(scene.lent())
    scene.run(seconds=15)

    assert (at_once, len(scene.lent())) == (1, 2)


def test_a_lease_is_renewed_before_its_time_is_over(scene: Scene) -> None:
    scene.tap(scene.here)
    scene.run()

    scene.run(days=10)
    before = len(scene.duties(RecallLease))
    scene.run(hours=13)

    assert (before, len(scene.duties(RecallLease))) == (0, 1)


def test_what_lies_where_a_member_does_not_come_any_more_is_called_back(scene: Scene) -> None:
    scene.put(days=300)
    scene.tap(scene.here)
    scene.run()

    scene.run(days=61)

    assert len(scene.duties(RecallLease)) == 1


def test_a_member_who_has_nothing_out_and_does_not_come_is_forgotten(scene: Scene) -> None:
    scene.tap(scene.here)
    scene.run()
    scene.close()

    scene.run(days=61)

    assert scene.known() == []


def test_a_new_policy_is_applied_to_everybody(scene: Scene) -> None:
    scene.tap(scene.here)
    scene.run()
    scene.put(share_percent=10)

    assert scene.run() == 1
    assert len(scene.duties(RecallLease)) == 1
    assert scene.run() == 0


@pytest.mark.parametrize("state", ["blocked", "inactive", "erasing", "erased", "merged"])
def test_what_is_lent_to_a_member_who_may_not_redeem_is_called_back(scene: Scene, state: str) -> None:
    scene.tap(scene.here)
    scene.run()
    with scene.world.hub.database.write() as session:
        session.execute(update(Member).values(state=state))

    scene.run(days=1)

    assert len(scene.duties(RecallLease)) == 1


@pytest.mark.parametrize(("state", "is_lent"), [("waiting", False), ("approved", False), ("refused", True)])
def test_a_member_who_is_to_be_erased_is_lent_nothing(scene: Scene, state: str, *, is_lent: bool) -> None:
    ask_for_erasure(scene, state)
    scene.tap(scene.here)

    scene.run()

    assert bool(scene.lent()) == is_lent


def test_nothing_is_lent_where_the_policy_was_withdrawn(scene: Scene) -> None:
    with scene.world.hub.database.write() as session:
        publish(session, Change("lending", None, "test"), scene.world.clock.now)
    scene.tap(scene.here)

    scene.run()

    assert scene.lent() == []


def test_a_kiosk_that_is_away_or_revoked_is_lent_nothing(scene: Scene) -> None:
    scene.tap(scene.here)
    scene.tap(scene.there)
    scene.connect(scene.here, "lost")
    with scene.world.hub.database.write() as session:
        session.execute(update(Kiosk).where(Kiosk.id == scene.there.id).values(state="revoked"))

    scene.run()

    assert (scene.lent(), scene.duties(LendPoints, scene.there)) == ([], [])


def test_cards_are_renewed_when_half_of_the_window_is_used(scene: Scene) -> None:
    scene.tap(scene.here)
    scene.run()
    for _ in range(VERIFIERS_MAX // 2 - 1):
        scene.world.tap(scene.card)
    scene.run(days=1)
    scene.tap(scene.there)

    scene.run(seconds=5)
    scene.run(seconds=5)

    [renewed] = scene.duties(RenewCards)
    assert [cards.after for cards in renewed.cards] == [VERIFIERS_MAX // 2 + 1]


def test_a_new_card_is_recognised_where_points_lie(scene: Scene) -> None:
    scene.tap(scene.here)
    scene.run()
    scene.world.add_card(scene.member)
    scene.tap(scene.here)

    scene.run(seconds=5)

    assert [len(renewed.cards) for renewed in scene.duties(RenewCards)] == [2]


def test_connected_kiosks_have_pieces_of_each_limited_reward(scene: Scene) -> None:
    cup = scene.world.add_reward("cup", 100, stock=10)
    scene.put(stock_pieces_max=3)
    hub = scene.world.hub

    assert lend_stock(hub.database, hub.book, scene.world.clock.now) == 2
    assert lend_stock(hub.database, hub.book, scene.world.clock.now + timedelta(minutes=1)) == 0

    lent = [(one.reward, one.pieces) for kiosk in (scene.here, scene.there) for one in scene.duties(LendStock, kiosk)]
    assert lent == [(cup, 3), (cup, 3)]
    assert scene.stock(cup) == 4


def test_pieces_come_back_where_the_policy_is_gone(scene: Scene) -> None:
    cup = scene.world.add_reward("cup", 100, stock=10)
    scene.put(stock_pieces_max=3)
    hub = scene.world.hub
    lend_stock(hub.database, hub.book, scene.world.clock.now)
    scene.put()

    lend_stock(hub.database, hub.book, scene.world.clock.now)
    [grant] = scene.duties(LendStock)
    scene.tell(stock_accepted(grant), LeaseClosed(grant.lease, 0))

    assert scene.duties(RecallLease) == [RecallLease(scene.here.epoch, grant.lease)]
    assert scene.stock(cup) == 7
