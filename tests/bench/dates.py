"""What indexes on the dates of facts and purchases are worth: questions and inserts, without them and with them.

Three years of a chain, as many rows each day. The questions are those that the hub asks: odd behaviour (every ten
minutes), retention (daily), an incident, and the newest fact (after a restore). Inserts are rows without any booking.
"""

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from statistics import median
from typing import Any
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.orm import Session

from hub import migrations
from hub.alerts.queries import pairings
from hub.booking.models import Fact
from hub.booking.queries import newest_at
from hub.db.bulk import insert_rows
from hub.db.session import Database
from hub.privacy.retention import PIECE_MAX_ROWS
from hub.purchases.models import Purchase
from hub.stores.models import Store
from protocol.ids import event_id
from tests.bench.chain import STORE
from tests.bench.report import Options, Report, Size, options, publish
from tests.services.postgresql import DURABLE, Server, free_port

ROWS = {Size.QUICK: 50_000, Size.NORMAL: 1_000_000, Size.FULL: 5_000_000}
MORE_ROWS = 50_000
CHUNK_ROWS = 50_000
ROUNDS = 5
MEMBERS, TILLS = 50_000, 200
DAYS = 3 * 365
FIRST = datetime(2023, 11, 1, tzinfo=UTC)
LAST = FIRST + timedelta(days=DAYS)

INDEXES = {
    "ix_purchases_purchased_at": ("purchases", "purchased_at"),
    "ix_facts_received_at": ("facts", "received_at"),
}
DROP, CREATE = "DROP INDEX IF EXISTS {name}", "CREATE INDEX {name} ON {table} {using} ({column})"
PURCHASE = ("id", "store", "receipt", "member", "currency", "amount", "points", "points_paid", "value_paid", "content")
FACT = ("id", "kind", "actor", "fingerprint", "verdict", "result", "raw", "occurred_at", "received_at", "effective_at")


def main() -> None:
    """Measure and publish."""
    asked = options(__doc__ or "")
    with tempfile.TemporaryDirectory(prefix="membertap-bench-") as folder:
        publish(measure(Path(folder), asked), asked)


def measure(folder: Path, asked: Options) -> Report:
    """Measure on both databases."""
    figures = dict(_figures("sqlite", f"sqlite:///{folder / 'hub.db'}", ROWS[asked.size]))
    server = Server.start(free_port(), DURABLE)
    try:
        server.create("hub")
        figures |= _figures("postgresql", server.url("hub"), ROWS[asked.size])
    finally:
        server.stop()
    return Report("dates", figures)


def _figures(name: str, url: str, rows: int) -> Iterator[tuple[str, float]]:
    migrations.upgrade(url)
    database, random = Database(url), Random(1)
    opened = Store(
        id=STORE, names={"en": STORE}, region="", jurisdiction="", kiosks_record_purchases=True, opened_at=FIRST
    )
    with database.write() as session:
        session.add(opened)
        _alter(session, DROP)
    _fill(database, random, rows, since=FIRST, until=LAST)
    for how in ("bare", "indexed"):
        with database.write() as session:
            if how == "indexed":
                _alter(session, CREATE)
            session.execute(text("ANALYZE"))
        for question, ask in QUESTIONS.items():
            yield f"{name}_{question}_{how}_ms", _median_ms(database, ask)
    yield f"{name}_insert_indexed_us_per_row", _insert_us(database, random, LAST)
    with database.write() as session:
        _alter(session, DROP)
    yield f"{name}_insert_bare_us_per_row", _insert_us(database, random, LAST + timedelta(days=1))
    database.close()


def _alter(session: Session, statement: str) -> None:
    using = "USING brin" if session.get_bind().dialect.name == "postgresql" else ""
    for name, (table, column) in INDEXES.items():
        session.execute(text(statement.format(name=name, table=table, using=using, column=column)))


def _insert_us(database: Database, random: Random, day: datetime) -> float:
    started = time.perf_counter()
    _fill(database, random, MORE_ROWS, since=day, until=day + timedelta(days=1))
    return (time.perf_counter() - started) * 1e6 / (2 * MORE_ROWS)


def _fill(database: Database, random: Random, rows: int, *, since: datetime, until: datetime) -> None:
    for start in range(0, rows, CHUNK_ROWS):
        moments = [since + (until - since) * (number / rows) for number in range(start, min(start + CHUNK_ROWS, rows))]
        ids = [event_id(int(at.timestamp() * 1000), random.randbytes(10)) for at in moments]
        with database.write() as session:
            insert_rows(session, Purchase, (*PURCHASE, "purchased_at", "actor"), list(map(_purchase, ids, moments)))
            insert_rows(session, Fact, FACT, list(map(_fact, ids, moments)))


def _purchase(id_: UUID, at: datetime) -> tuple[Any, ...]:
    member, actor = UUID(int=id_.int % MEMBERS), f"key:{id_.int % TILLS}"
    return (id_, STORE, str(id_), member, "CNY", 10_000, 100, 0, 0, bytes(32), at, actor)


def _fact(id_: UUID, at: datetime) -> tuple[Any, ...]:
    return (id_, "purchase.recorded", f"key:{id_.int % TILLS}", bytes(32), "applied", {}, bytes(300), at, at, at)


def _odd(session: Session) -> object:
    return pairings(session, LAST - timedelta(days=30), 8)


def _old(session: Session) -> object:
    old = (Fact.received_at < FIRST) & Fact.raw.is_not(None)
    return session.execute(select(Fact.id).where(old).order_by(Fact.id).limit(PIECE_MAX_ROWS)).all()


def _incident(session: Session) -> object:
    day = LAST - timedelta(days=40)
    at = Purchase.purchased_at >= day, Purchase.purchased_at < day + timedelta(days=1)
    return session.execute(select(Purchase.member).where(*at, Purchase.actor == "key:7")).all()


QUESTIONS: dict[str, Callable[[Session], object]] = {
    "odd_behaviour": _odd,
    "retention": _old,
    "incident": _incident,
    "newest_fact": newest_at,
}


def _median_ms(database: Database, ask: Callable[[Session], object]) -> float:
    times = []
    for _ in range(ROUNDS):
        with database.read() as session:
            started = time.perf_counter()
            ask(session)
            times.append((time.perf_counter() - started) * 1000)
    return median(times)


if __name__ == "__main__":
    main()
