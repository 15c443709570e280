"""What the day leaves behind of lending ahead."""

from uuid import UUID

from hub.leases.orders import StockLent, order
from hub.leases.rounds import Rounds
from hub.programme.service import Change, publish
from protocol.requests import PresentCard
from tests.hub.world import TestKiosk, World

POLICY = {"share_percent": 50, "min_points": 1}


def lend_ahead(world: World, kiosk: TestKiosk, member: UUID) -> None:
    """Have somebody come, and lend points and pieces to the kiosk where that was."""
    hub, cup, card = world.hub, world.add_reward("cup", 100, stock=5), world.add_card(member)
    with hub.database.write() as session:
        publish(session, Change("lending", POLICY, "test"), world.clock.now)
    assert world.book(world.asked(kiosk, PresentCard(world.tap(card))))[0].is_applied
    assert Rounds(hub.database, hub.book).run(world.clock.now) == 1
    [lent] = world.book(order(StockLent(kiosk.id, cup, 2), world.new_id(), world.clock.now))
    assert lent.is_applied, lent
