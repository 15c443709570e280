"""What a day leaves on the reconciliation desk, and what a restore leaves: a rejection, marks, a proof, a wait."""

from uuid import UUID

from hub.intake import Verdict
from hub.proof.service import JournalProver
from hub.restores import service as restores
from protocol.events import PurchaseRecorded
from tests.hub.world import TestKiosk, World


def reconcile(world: World, kiosk: TestKiosk, member: UUID) -> None:
    """Have an act rejected, prove the journals, and restore the database."""
    hub, bought = world.hub, world.purchase(member, 500)
    foreign = PurchaseRecorded(bought.receipt, member, "EUR", bought.purchased_at, bought.lines)
    assert world.book(world.told(kiosk, foreign))[0].verdict is Verdict.REJECTED
    assert JournalProver(hub.database, hub.random_bytes).run(world.clock.now).faults == 0
    with hub.database.write() as session:
        restores.begin(session, world.new_id(), world.clock.now, world.clock.now)
