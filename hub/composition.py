"""The one place where the hub's parts are put together; every process of the hub starts here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hub import secrets
from hub.booking.reads import Reader
from hub.booking.service import Booking
from hub.cards.intake import CardIntake
from hub.clock import Clock, system_random, utc_now
from hub.db.session import Database
from hub.fleet.intake import JournalIntake
from hub.intake import Intake, Item, Outcome, RandomBytes
from hub.leases.intake import LeaseIntake
from hub.members.vault import Vault
from hub.messaging.ingest import Ingest
from hub.purchases.intake import PurchaseIntake
from hub.secrets import Secrets
from hub.settings import Settings
from hub.wallet.intake import TopUpIntake


@dataclass(frozen=True, slots=True)
class Hub:
    """The parts that every process of the hub shares."""

    database: Database
    secrets: Secrets
    vault: Vault
    booking: Booking
    reader: Reader
    clock: Clock
    random_bytes: RandomBytes

    def book(self, items: Sequence[Item]) -> list[Outcome]:
        """Book items now."""
        return self.booking.book(items, self.clock()).outcomes

    def ingest(self) -> Ingest:
        """The core of the ingest worker."""
        return Ingest(self.database, self.booking, self.vault)


def intakes(known: Secrets) -> dict[str, Intake]:
    """Which domain handles which kind. The order is that in which they load, and so take their locks."""
    cards, journal, leases = CardIntake(known.cards), JournalIntake(), LeaseIntake()
    return {
        "event.unreadable": journal,
        "journal.repaired": journal,
        "card.present": cards,
        "card.seen": cards,
        "lease.ask": leases,
        "lease.accepted": leases,
        "lease.spent": leases,
        "lease.closed": leases,
        "purchase.recorded": PurchaseIntake(),
        "top_up.recorded": TopUpIntake(),
    }


def compose(
    database: Database, known: Secrets, *, clock: Clock = utc_now, random_bytes: RandomBytes = system_random
) -> Hub:
    """Put the hub together."""
    vault = Vault(known.vault, random_bytes)
    booking = Booking(database, intakes(known), random_bytes)
    return Hub(database, known, vault, booking, Reader(database), clock, random_bytes)


def from_settings(settings: Settings) -> Hub:
    """Put the hub together as an installation is set up."""
    return compose(Database(settings.database), secrets.read(settings.secrets))


@contextmanager
def opened(settings: Settings) -> Iterator[Hub]:
    """The hub of an installation for as long as one command needs it; its connections are closed afterwards."""
    hub = from_settings(settings)
    try:
        yield hub
    finally:
        hub.database.close()
