"""A chain for benches of the books: as many members as wanted, with what they bought before, made inside the database.

Members here have no name that anybody could open: a booking never reads one.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from hub.booking.service import BATCH_MAX_ITEMS
from hub.composition import Hub
from hub.db.bulk import insert_rows
from hub.fleet.models import Publication
from hub.intake import ByKey, Item
from hub.ledger.models import Account
from hub.members.models import Member
from hub.messaging.envelopes import fingerprint
from hub.points.service import ISSUED, new_accounts
from hub.programme.service import Change, publish
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission
from hub.staff.service import hash_of
from hub.stores.models import Chain, Store
from hub.tiers.models import Standing, Tier
from protocol import codec
from protocol.events import PurchaseLine, PurchaseRecorded
from protocol.ids import event_id

STORE = "S01"
FILL_CHUNK_ROWS = 10_000
YEAR = timedelta(days=365)

TERMS: dict[str, dict[str, Any]] = {
    "earning.1": {"kind": "rate", "points": 1, "per_minor": 100},
    "expiry": {"kind": "rolling", "months": 12},
}
"""The rules that every booking of a bench applies."""


@dataclass(frozen=True, slots=True)
class Till:
    """A till of the chain, and the members it may meet; the same seed posts the same."""

    source: ByKey
    members: Sequence[UUID]
    random: Random

    def batches(self, count: int, size: int = BATCH_MAX_ITEMS) -> list[list[Item]]:
        """Purchases of one to three lines by members drawn at random, in batches of one size."""
        return [[self.purchase() for _ in range(size)] for _ in range(count)]

    def purchase(self) -> Item:
        """One purchase that nobody has posted yet."""
        now, random = datetime.now(UTC), self.random
        lines = [
            PurchaseLine(f"p{random.randrange(50)}", "coffee", 1, random.randrange(100, 50_000))
            for _ in range(random.randint(1, 3))
        ]
        body = PurchaseRecorded(random.randbytes(8).hex(), random.choice(self.members), "CNY", now, lines)
        return Item(
            id=event_id(int(now.timestamp() * 1000), random.randbytes(10)),
            kind="purchase.recorded",
            body=body,
            source=self.source,
            fingerprint=fingerprint("purchase.recorded", codec.encode(body)),
            occurred_at=now,
            store=STORE,
        )


def found(hub: Hub) -> ByKey:
    """Make a chain of one store; the key of its tills."""
    now = hub.clock()
    with hub.database.write() as session:
        session.add(Chain(id=1, names={"en": "bench"}, languages=["en"], currency="CNY", zone="Asia/Shanghai"))
        session.add(
            Store(
                id=STORE,
                names={"en": "bench"},
                region="east",
                jurisdiction="CN",
                kiosks_record_purchases=True,
                opened_at=now,
            )
        )
        for rank, (tier, threshold, multiplier) in enumerate((("classic", 0, 10_000), ("gold", 5_000, 15_000))):
            session.add(Tier(id=tier, rank=rank, names={"en": tier}, threshold=threshold, multiplier=multiplier))
        session.add_all(Publication(name=name, version=1) for name in ("catalogue", "programme"))
        for name, document in TERMS.items():
            publish(session, Change(name, document, "bench"), now)
        _key, secret = issue_key(session, "bench", list(Permission), stores=[], now=now, random=hub.random_bytes)
    return ByKey(hash_of(secret))


def enrol(hub: Hub, count: int, random: Random) -> list[UUID]:
    """Have so many members join."""
    now = hub.clock()
    members = [event_id(int(now.timestamp() * 1000), random.randbytes(10)) for _ in range(count)]
    for start in range(0, count, FILL_CHUNK_ROWS):
        with hub.database.write() as session:
            _join(session, members[start : start + FILL_CHUNK_ROWS], start, now)
    return members


def _join(session: Session, members: Sequence[UUID], start: int, now: datetime) -> None:
    columns = ("id", "number", "state", "home_store", "language", "source", "name", "joined_at")
    rows = [
        (member, f"M{number:09d}", "active", STORE, "en", "till", b"", now)
        for number, member in enumerate(members, start)
    ]
    insert_rows(session, Member, columns, rows)
    insert_rows(session, Standing, ("member", "tier", "since"), [(member, "classic", now) for member in members])
    accounts = [account for member in members for account in new_accounts(member)]
    insert_rows(
        session,
        Account,
        ("id", "owner", "book", "unit", "has_lots", "balance", "version", "opened_at"),
        [(a.id, a.owner, a.book, a.unit, a.has_lots, 0, 0, now) for a in accounts],
    )


def crowd(session: Session, members: int) -> None:
    """Add so many more members to a PostgreSQL database, each of whom has earned one lot before.

    Nobody of them buys anything: they only make the tables and their indexes as deep as a large chain's.
    """
    for statement in _CROWD.split(";"):
        session.execute(text(statement), {"count": members, "issued": str(ISSUED), "store": STORE})


_CROWD = """
CREATE TEMPORARY TABLE crowd ON COMMIT DROP AS
SELECT n, md5('member' || n)::uuid AS member, md5('points' || n)::uuid AS points, md5('transfer' || n)::uuid AS transfer
FROM generate_series(1, :count) n;

INSERT INTO members (id, number, state, home_store, language, source, name, joined_at)
SELECT member, 'C' || n, 'active', :store, 'en', 'till', '', now() FROM crowd;

INSERT INTO standings (member, tier, since) SELECT member, 'classic', now() FROM crowd;

INSERT INTO accounts (id, owner, book, unit, has_lots, balance, version, opened_at)
SELECT points, member, 'points', 'points', true, 100, 1, now() FROM crowd;

INSERT INTO transfers (id, fact, kind, debit, credit, amount, actor, cause, reason, effective_at, recorded_at)
SELECT transfer, transfer, 'points.earned', CAST(:issued AS uuid), points, 100, 'bench', '{}', '', now(), now()
FROM crowd;

INSERT INTO lots (id, account, source, granted, remaining, unit_value, granted_at, active_from, expires_at)
SELECT md5('lot' || n)::uuid, points, 'purchase', 100, 100, 0, now(), now(), now() + random() * INTERVAL '1 year'
FROM crowd;

ANALYZE
"""
