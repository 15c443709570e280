"""The one place where the hub's parts are put together; every process of the hub starts here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hub import secrets
from hub.booking.reads import Reader
from hub.booking.service import Booking
from hub.cards.intake import CardIntake
from hub.clock import Clock, system_random, utc_now
from hub.day_end.intake import DayEndIntake
from hub.db.session import Database
from hub.fleet.intake import JournalIntake
from hub.holds.intake import HoldIntake
from hub.intake import Intake, Item, Outcome, RandomBytes
from hub.leases.intake import LeaseIntake
from hub.members.vault import Vault
from hub.messaging.ingest import Ingest
from hub.packages.intake import package_intake
from hub.payments.intake import payment_intake
from hub.points.intake import AdjustmentIntake, TransferIntake
from hub.purchases.intake import PurchaseIntake
from hub.returns.intake import ReturnIntake
from hub.secrets import Secrets
from hub.settings import Settings
from hub.wallet.intake import wallet_intake


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
    wallet, payments, packages = wallet_intake(), payment_intake(), package_intake()
    holds, day_ends = HoldIntake(), DayEndIntake()
    return {
        "event.unreadable": journal,
        "journal.repaired": journal,
        "card.present": cards,
        "card.seen": cards,
        "lease.ask": leases,
        "lease.accepted": leases,
        "lease.spent": leases,
        "lease.closed": leases,
        "lease.written_off": leases,
        "purchase.recorded": PurchaseIntake(),
        "purchase.returned": ReturnIntake(),
        "top_up.recorded": wallet,
        "top_up.refunded": wallet,
        "wallet.closed": wallet,
        "payment.recorded": payments,
        "payment.refunded": payments,
        "package.sold": packages,
        "package.used": packages,
        "package.use_refunded": packages,
        "package.refunded": packages,
        "points.adjusted": AdjustmentIntake(),
        "points.transferred": TransferIntake(),
        "hold.placed": holds,
        "hold.captured": holds,
        "hold.released": holds,
        "hold.expired": holds,
        "value.expired": day_ends,
        "points.lapsed": day_ends,
        "lapse.reversed": day_ends,
    }


def compose(
    database: Database, known: Secrets, *, clock: Clock = utc_now, random_bytes: RandomBytes = system_random
) -> Hub:
    """Put the hub together."""
    vault = Vault(known.vault, random_bytes)
    booking = Booking(database, intakes(known), random_bytes, vault=vault)
    return Hub(database, known, vault, booking, Reader(database, clock), clock, random_bytes)


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
