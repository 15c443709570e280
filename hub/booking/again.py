"""Events that were parked and are tried again: after an upgrade that understands them, or when somebody asks for it.

Each counts when it came the first time. What was decided is told to its kiosk as a duty, because receipts speak only of
what a kiosk has not journaled a receipt for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from msgspec import UNSET
from sqlalchemy.orm import Session

from hub.booking import queries
from hub.booking.models import Fact
from hub.db.bulk import update_rows
from hub.db.session import Database
from hub.fleet.service import Fleet
from hub.intake import ByKiosk, Entry, Item, Moment, Outcome, Place, Verdict
from protocol import codec
from protocol.chain import GENESIS
from protocol.codec import MessageError
from protocol.duties import EventSettled
from protocol.envelope import Event
from protocol.kinds import EVENTS

Book = Callable[[Sequence[Item]], Sequence[Outcome]]
"""Books items now."""

PAGE_MAX_FACTS = 500
"""Most parked events that are read and tried at a time."""


@dataclass(frozen=True, slots=True)
class Retried:
    """What became of parked events: how many were tried, and how many of them were applied and rejected."""

    tried: int = 0
    applied: int = 0
    rejected: int = 0


def retry_parked(database: Database, book: Book, kiosk: str | None = None) -> Retried:
    """Try every parked event again, of one kiosk or of all, in the order in which they came."""
    retried, after = Retried(), None
    while True:
        with database.read() as session:
            rows = queries.parked_after(session, after, kiosk, PAGE_MAX_FACTS)
        if not rows:
            return retried
        last = rows[-1]
        after = (last.received_at, last.kiosk, last.epoch, last.seq)
        items = [item for row in rows if (item := _item(row)) is not None]
        outcomes = book(items) if items else []
        retried = replace(
            retried,
            tried=retried.tried + len(items),
            applied=retried.applied + sum(outcome.verdict is Verdict.APPLIED for outcome in outcomes),
            rejected=retried.rejected + sum(outcome.verdict is Verdict.REJECTED for outcome in outcomes),
        )


def settle(session: Session, fleet: Fleet, decided: Sequence[tuple[Entry, Outcome]]) -> list[tuple[Entry, Outcome]]:
    """Write what became of events that were parked, and tell their kiosks; returns what is decided the first time."""
    again = [pair for pair in decided if pair[0].item.again is not None and pair[1].verdict is not Verdict.PARKED]
    rows = [
        (entry.item.id, entry.item.kind, outcome.verdict.value, outcome.code, outcome.result)
        for entry, outcome in again
    ]
    update_rows(session, Fact, ("id",), ("kind", "verdict", "code", "result"), rows=rows)
    for entry, outcome in again:
        source = entry.item.source
        if isinstance(source, ByKiosk) and source.place is not None and fleet.kiosks[source.kiosk].is_active:
            fleet.give(source.kiosk, EventSettled(source.place.epoch, source.place.seq, outcome.code or UNSET))
    return [pair for pair in decided if pair[0].item.again is None]


def _item(row: Any) -> Item | None:
    """A parked event as it is booked again; None where this release cannot read it either."""
    try:
        event = codec.decode(row.raw, Event)
        body = codec.decode_body(event.kind, event.body, EVENTS)
    except MessageError:
        return None
    place = Place(row.epoch, row.seq, GENESIS, GENESIS)
    return Item(
        id=row.id,
        kind=event.kind,
        body=body,
        source=ByKiosk(row.kiosk, place),
        fingerprint=row.fingerprint,
        occurred_at=row.occurred_at,
        clock=event.clock,
        raw=row.raw,
        again=Moment(row.received_at, row.effective_at),
    )
