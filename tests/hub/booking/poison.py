"""A release with a bug: one receipt breaks the intake of purchases."""

from hub.booking.service import Booking
from hub.composition import intakes
from hub.intake import Entry, Outcome, Work
from hub.purchases.intake import PurchaseIntake
from protocol.events import PurchaseRecorded
from tests.hub.world import SECRETS, World

POISON = "poison"


class PoisonedIntake(PurchaseIntake):
    """A purchase intake with a bug: one receipt breaks it."""

    def decide(self, entry: Entry, work: Work) -> Outcome:
        if entry.body(PurchaseRecorded).receipt == POISON:
            raise ZeroDivisionError("a bug")
        return super().decide(entry, work)


def poisoned(world: World) -> Booking:
    kinds = intakes(SECRETS) | {"purchase.recorded": PoisonedIntake()}
    return Booking(world.hub.database, kinds, world.random.randbytes, vault=world.hub.vault)
