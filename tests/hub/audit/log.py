"""A log to tamper with: written by the hub, anchored twice, and changed with SQL as only a superuser can."""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlalchemy import select, text

from hub.audit import heads
from hub.audit.anchoring import anchor
from hub.audit.models import AuditEntry
from hub.audit.queries import export
from hub.audit.rules import GENESIS, Head, hash_of
from hub.audit.service import Act, audit, shown
from hub.db.session import Database
from tests.hub.world import SECRETS, World

FIELDS = ("number", "id", "at", "actor", "action", "subject", "before", "after", "reason", "source", "key")
KEY = SECRETS.audit_key


def make_act(**overrides: Any) -> Act:
    """A sensitive act."""
    act = Act("key:till", "card.blocked", "a card", {"state": "active"}, {"state": "blocked", "名": 1.5})
    return replace(act, **{"source": "192.0.2.7", "reason": "丢失", **overrides})


@dataclass(slots=True)
class Log:
    """A world's audit log, and the file that its heads are written to."""

    world: World
    path: Path

    @property
    def database(self) -> Database:
        """Where the log is."""
        return self.world.hub.database

    def write(self, count: int) -> None:
        """Write acts down, each in a transaction of its own."""
        for number in range(count):
            self.world.clock.pass_(minutes=1)
            act = make_act(subject=f"card {number}")
            with self.database.write() as session:
                audit(session, act, self.world.clock.now, self.world.random.randbytes)

    def anchor(self) -> None:
        """Anchor the head."""
        anchor(self.database, self.path, self.world.clock.now)

    def dump(self) -> list[dict[str, Any]]:
        """The log as it is exported."""
        return [json.loads(line) for piece in export(self.database) for line in piece.splitlines()]

    def heads(self) -> list[Head]:
        """What was anchored."""
        return list(heads.read(self.path))

    def tamper(self, *statements: str, **values: Any) -> None:
        """Run SQL with the triggers lifted, as who owns the database can."""
        with self.database.write() as session:
            if self.database.is_sqlite:
                for what in ("UPDATE", "DELETE"):
                    session.execute(text(f"DROP TRIGGER IF EXISTS audit_{what}"))
            else:
                session.execute(text("SET LOCAL session_replication_role = replica"))
            for statement in statements:
                session.execute(text(statement), values)

    def chain_anew(self, first: int, key: bytes | None = KEY.key) -> None:
        """Give every entry from a number on a hash that fits, and the head as well: what a patient intruder would do.

        With the hub's key unless another one is given, or none.
        """
        with self.database.read() as session:
            rows = list(session.execute(select(AuditEntry).order_by(AuditEntry.number)).scalars())
        last = next((row.hash for row in reversed(rows) if row.number < first), GENESIS)
        for row in rows:
            if row.number >= first:
                last = hash_of(last, shown({name: getattr(row, name) for name in FIELDS}), key)
                self.tamper("UPDATE audit SET hash = :hash WHERE number = :number", hash=last, number=row.number)
        self.tamper("UPDATE audit_head SET number = :number, hash = :hash", number=rows[-1].number, hash=last)
