"""The one place where the hub's parts are put together; every process of the hub starts here."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

from hub import secrets
from hub.audit.service import seal_with
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
from hub.merges.intake import MergeIntake
from hub.messaging.ingest import Ingest
from hub.packages.intake import package_intake
from hub.payments.intake import payment_intake
from hub.points.intake import AdjustmentIntake, TransferIntake
from hub.privacy.erasure import Eraser
from hub.privacy.tombstones import TombstoneFile, Tombstones, TombstonesInMemory
from hub.purchases.intake import PurchaseIntake
from hub.reconciliation.intake import CompensationIntake
from hub.returns.intake import ReturnIntake
from hub.secrets import Secrets
from hub.sessions.breached import Breached
from hub.sessions.factors import Judge
from hub.sessions.log_in import LogIns
from hub.sessions.outside import Client, Provider
from hub.sessions.passkeys import Site
from hub.settings import Settings
from hub.wallet.intake import wallet_intake
from hub.webhooks.rules import NOBODY_INSIDE, Guard

ERASED_LIST = "erased-members"
"""The file of erased members, beside the secrets: where the database's backups are not."""


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
    log_ins: LogIns
    outside: Provider | None
    eraser: Eraser
    guard: Guard
    breached: Breached | None

    def book(self, items: Sequence[Item]) -> list[Outcome]:
        """Book items now."""
        return self.booking.book(items, self.clock()).outcomes

    def ingest(self) -> Ingest:
        """The core of the ingest worker."""
        return Ingest(self.database, self.booking, self.vault, self.random_bytes)


def intakes(known: Secrets) -> dict[str, Intake]:
    """Which domain handles which kind. The order is that in which they load, and so take their locks."""
    cards, journal, leases = CardIntake(known.cards), JournalIntake(), LeaseIntake(known.cards, known.lease_key)
    wallet, payments, packages = wallet_intake(), payment_intake(), package_intake()
    holds, day_ends, merges = HoldIntake(), DayEndIntake(), MergeIntake(known.vault, known.renewed)
    compensations = CompensationIntake()
    purchases = PurchaseIntake()
    return {
        "event.unreadable": journal,
        "journal.repaired": journal,
        "card.present": cards,
        "card.seen": cards,
        "member.merged": merges,
        "member.unmerged": merges,
        "value.followed": merges,
        "lease.ask": leases,
        "lease.accepted": leases,
        "lease.spent": leases,
        "lease.closed": leases,
        "lease.passed": leases,
        "lease.taken": leases,
        "lease.written_off": leases,
        "lease.recalled": leases,
        "stock.accepted": leases,
        "points.lent": leases,
        "stock.lent": leases,
        "cards.renewed": leases,
        "purchase.recorded": purchases,
        "receipt.scanned": purchases,
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
        "notice.seen": compensations,
        "promise.compensated": compensations,
        "hold.placed": holds,
        "hold.captured": holds,
        "hold.released": holds,
        "hold.expired": holds,
        "value.expired": day_ends,
        "points.lapsed": day_ends,
        "lapse.reversed": day_ends,
    }


def compose(  # noqa: PLR0913 - each is another part that an installation may have
    database: Database,
    known: Secrets,
    *,
    site: Site | None = None,
    outside: Client | None = None,
    tombstones: Tombstones | None = None,
    clock: Clock = utc_now,
    random_bytes: RandomBytes = system_random,
    guard: Guard = NOBODY_INSIDE,
    breached: Breached | None = None,
    second_factor_for_all: bool = False,
) -> Hub:
    """Put the hub together. Without a site there are no passkeys, without `outside` no log-ins through a provider.

    Without `tombstones` the list of erased members ends with the process: an installation has a file.
    """
    vault = Vault(known.vault, random_bytes, known.renewed)
    seal_with(database, known.audit_key)
    booking = Booking(database, intakes(known), random_bytes, vault=vault)
    log_ins = LogIns(database, Judge(vault, site, random_bytes, second_factor_for_all), clock)
    provider = None if outside is None else Provider(outside, vault, random_bytes)
    eraser = Eraser(tombstones or TombstonesInMemory(), vault, random_bytes)
    reader = Reader(database, clock)
    return Hub(
        *(database, known, vault, booking, reader, clock, random_bytes),
        log_ins=log_ins,
        outside=provider,
        eraser=eraser,
        guard=guard,
        breached=breached,
    )


def from_settings(settings: Settings) -> Hub:
    """Put the hub together as an installation is set up."""
    return compose(
        Database(settings.database),
        secrets.read(settings.secrets),
        site=_site(settings),
        outside=_client(settings),
        tombstones=TombstoneFile(settings.secrets.with_name(ERASED_LIST)),
        guard=Guard(frozenset(settings.webhooks.inside)),
        breached=None if settings.breached_passwords is None else Breached(settings.breached_passwords),
        second_factor_for_all=settings.second_factor_for_all,
    )


def _site(settings: Settings) -> Site | None:
    known = settings.site
    return None if known is None else Site(known.origin, known.host, known.name)


def _client(settings: Settings) -> Client | None:
    known = settings.outside
    if known is None:
        return None
    return Client(
        *(known.issuer, known.client_id, known.client_secret.get_secret_value(), known.redirect, known.ca),
        acr=known.acr,
        amr=known.amr,
    )


@contextmanager
def opened(settings: Settings) -> Iterator[Hub]:
    """The hub of an installation for as long as one command needs it; its connections are closed afterwards."""
    hub = from_settings(settings)
    try:
        yield hub
    finally:
        hub.database.close()
