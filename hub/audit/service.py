"""Writing sensitive acts down, each chained to the one before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.audit.models import AuditEntry, AuditHead
from hub.audit.rules import GENESIS, Head, hash_of
from hub.db.bulk import insert_rows, update_rows
from hub.db.reading import Prepared
from hub.db.session import Database
from hub.intake import RandomBytes
from protocol.ids import event_id


@dataclass(frozen=True, slots=True)
class Act:
    """A sensitive act, as it is written down. Nothing personal goes into `before`, `after` and `reason`.

    `actor` tells whether a person's session, a program's key, a kiosk or a job did it; `source` is the network address
    or the kiosk that it came from.
    """

    actor: str
    action: str
    subject: str
    before: Mapping[str, Any]
    after: Mapping[str, Any]
    source: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class AuditKey:
    """What entries are hashed under, and its name. It is not in the database."""

    name: str
    key: bytes = field(repr=False)


_KEY = "audit key"


def seal_with(database: Database, key: AuditKey) -> None:
    """Have what is written into this database's log be hashed under a key; without one nothing can be written."""
    database.info[_KEY] = key


def key_of(session: Session) -> AuditKey:
    """The key of the log, in a session of its database."""
    key: AuditKey = session.info[_KEY]
    return key


def audit(session: Session, act: Act, now: datetime, random: RandomBytes) -> None:
    """Write an act down, in the transaction that does it."""
    audit_all(session, [act], now, random)


def audit_all(session: Session, acts: Sequence[Act], now: datetime, random: RandomBytes) -> None:
    """Write several acts down in their order. Others who write wait until this transaction has ended."""
    if not acts:
        return
    head = next(iter(_HEAD.rows(session)), None)
    number, last = (head.number, head.hash) if head else (0, GENESIS)
    rows, key = [], key_of(session)
    for act in acts:
        number += 1
        row = _row(act, number, now, random) | {"key": key.name}
        last = hash_of(last, shown(row), key.key)
        rows.append((*row.values(), last))
    insert_rows(session, AuditEntry, (*row, "hash"), rows)
    if head is None:
        insert_rows(session, AuditHead, ("id", "number", "hash"), [(1, number, last)])
    else:
        update_rows(session, AuditHead, ("id",), ("number", "hash"), rows=[(1, number, last)])


_HEAD = Prepared(lambda _among: select(AuditHead.number, AuditHead.hash).with_for_update())


def head_of(session: Session) -> Head:
    """The last entry's number and hash."""
    found = session.execute(select(AuditHead.number, AuditHead.hash)).one_or_none()
    return Head(found.number, found.hash.hex()) if found else Head(0, GENESIS.hex())


def shown(row: Mapping[str, Any]) -> dict[str, Any]:
    """An entry's fields as they are exported and hashed; ids and moments are texts, moments in UTC to the µs."""
    at = row["at"].astimezone(UTC).isoformat(timespec="microseconds")
    fields = {name: row[name] for name in ("number", "actor", "action", "subject", "reason", "source", "key")}
    return fields | {"id": str(row["id"]), "at": at, "before": row["before"], "after": row["after"]}


def _row(act: Act, number: int, now: datetime, random: RandomBytes) -> dict[str, Any]:
    return {
        "id": event_id(int(now.timestamp() * 1000), random(10)),
        "number": number,
        "at": now,
        "actor": act.actor,
        "action": act.action,
        "subject": act.subject,
        # What is hashed is what the database gives back: plain JSON.
        "before": msgspec.to_builtins(dict(act.before)),
        "after": msgspec.to_builtins(dict(act.after)),
        "reason": act.reason,
        "source": act.source,
    }
