"""What is told of a lease is booked in its order: an event behind a parked one of the same lease is parked with it.

A fence says how much was spent before it. Booked without a spend that still waits, it would contradict what the hub
knows, be rejected for good, and leave the lease open for ever.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from uuid import UUID

from msgspec import Struct

from hub.db.reading import Rows
from hub.intake import ByKiosk, Entry, Outcome, Verdict
from hub.leases.reports import Reported, numbers_of
from protocol import codec
from protocol.codec import MessageError
from protocol.envelope import Event
from protocol.kinds import EVENTS

Named = tuple[str, UUID, int]
"""A lease as a journal names it: kiosk, epoch and number."""


@dataclass(slots=True)
class Behind:
    """Part of a booking's working set: where events are parked, by the lease that they name."""

    parked: dict[Named, set[int]] = field(default_factory=dict)

    def load(self, rows: Rows) -> None:
        """Know the events that are parked; one that cannot be read names no lease."""
        for row in rows:
            for name in _names(row.kiosk, row.epoch, _body(row.raw)):
                self.parked.setdefault(name, set()).add(row.seq)

    def is_waited_for(self, entry: Entry) -> bool:
        """Tell whether an event of the same lease is parked ahead of this one."""
        return any(seq < own for name, own in _places(entry) for seq in self.parked.get(name, ()))

    def note(self, entry: Entry, outcome: Outcome) -> None:
        """Note whether this one is parked now; it was perhaps parked before, and is tried again."""
        for name, own in _places(entry):
            places = self.parked.setdefault(name, set())
            (places.add if outcome.verdict is Verdict.PARKED else places.discard)(own)


def kiosks_reporting(entries: Iterable[Entry]) -> set[str]:
    """Kiosks that tell of leases."""
    return {name[0] for entry in entries for name, _own in _places(entry)}


def _places(entry: Entry) -> Iterator[tuple[Named, int]]:
    source = entry.item.source
    if isinstance(source, ByKiosk) and source.place is not None:
        for name in _names(source.kiosk, source.place.epoch, entry.item.body):
            yield name, source.place.seq


def _names(kiosk: str, epoch: UUID, body: Struct | None) -> Iterator[Named]:
    if isinstance(body, Reported):
        for number in numbers_of(body):
            yield kiosk, epoch, number


def _body(raw: bytes) -> Struct | None:
    try:
        event = codec.decode(raw, Event)
        return codec.decode_body(event.kind, event.body, EVENTS)
    except MessageError:
        return None
