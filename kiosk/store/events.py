"""The kiosk's own chain of events: what must reach the hub, in order, byte for byte, and how far it has.

An event's bytes and its place are fixed when it is appended. Confirmed events are kept for `replay_retention_days`, so
that a hub restored from a backup can be told again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace
from tinydb.table import Document

from kiosk.store.tables import JournalDB
from protocol import codec
from protocol.chain import GENESIS, link, link_all
from protocol.envelope import Event
from protocol.ids import event_id
from protocol.kinds import kind_of
from protocol.limits import EVENT_MAX_BYTES
from protocol.values import ClockTrust

CHECKPOINT_EVENTS = 256
"""How often the chain's hash is stored beside an event; opening walks the chain from the last one."""

PRUNE_MAX_EVENTS = 1_000
"""Most events that are taken away at a time, so that nobody waits for it."""

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
"""No event was ever journaled before: a clock without a battery that starts in 1970 is found out by it."""

EVENTS_TABLE = "events"
CHAIN_TABLE = "chain"
_MARK = 1


class EventTooLargeError(Exception):
    """An event is larger than the protocol allows; it could never be sent. Not retryable."""


@dataclass(frozen=True, slots=True)
class Point:
    """A place in the chain: everything up to `seq`, where its hash is `hash`."""

    seq: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Stamp:
    """When and by whom something happened, and whether the clock is to be believed."""

    now: datetime
    clock: ClockTrust
    by: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The hub's verdict on an event: rejected (`is_final`), or parked until it can be understood."""

    seq: int
    code: str
    is_final: bool


class EventChain:
    """The events of one journal. Opened once; every append is one durable put."""

    def __init__(self, db: JournalDB, new_epoch: UUID) -> None:
        self._db = db
        self._events = db.table(EVENTS_TABLE)
        self._marks = db.table(CHAIN_TABLE)
        self._verdicts = db.table("verdicts")
        if self._marks.get(doc_id=_MARK) is None:
            self._begin(new_epoch)
        self._mark = self._read_mark()
        checkpoint = Point(self._mark["checkpoint"], bytes.fromhex(self._mark["checkpoint_hash"]))
        self.head = self._walk(max(checkpoint, self.oldest, key=lambda point: point.seq))
        self._last_at = self._read_last_at()

    @property
    def epoch(self) -> UUID:
        """What identifies this journal."""
        return UUID(self._mark["epoch"])

    @property
    def confirmed(self) -> Point:
        """How far the hub has booked the chain, as far as the kiosk knows for good."""
        return Point(self._mark["confirmed"], bytes.fromhex(self._mark["confirmed_hash"]))

    @property
    def oldest(self) -> Point:
        """The place before the first event that is still here."""
        return Point(self._mark["oldest"], bytes.fromhex(self._mark["oldest_hash"]))

    @property
    def replayed_for(self) -> UUID | None:
        """The hub's epoch that has been told everything of this journal; after a restore the hub has another."""
        epoch = self._mark.get("hub_epoch")
        return None if epoch is None else UUID(epoch)

    @property
    def is_forked(self) -> bool:
        """Tell whether the hub knows another history of this epoch: a copied disk, or one that was set back."""
        return bool(self._mark.get("forked"))

    @property
    def is_revoked(self) -> bool:
        """Tell whether the hub takes nothing from this kiosk any more."""
        return bool(self._mark.get("revoked"))

    @property
    def known_until(self) -> datetime:
        """The latest moment that this journal knows of: no clock that shows an earlier one is right."""
        heard = self._mark.get("heard_at")
        return self._last_at if heard is None else max(self._last_at, datetime.fromisoformat(heard))

    @property
    def unconfirmed(self) -> int:
        """How many events the hub has not confirmed."""
        return self.head.seq - self.confirmed.seq

    def oldest_unconfirmed_age_s(self, now: datetime) -> int:
        """How long the oldest event that the hub has not confirmed has waited; 0 where none does."""
        if not self.unconfirmed:
            return 0
        event = codec.decode(self._events.raw(self.confirmed.seq + 1), Event)
        return max(int((now - event.occurred_at).total_seconds()), 0)

    def append(
        self,
        bodies: Sequence[Struct],
        stamp: Stamp,
        random_bytes: Sequence[bytes],
        *,
        also: Callable[[], None] | None = None,
        making_room: bool = False,
    ) -> list[int]:
        """Journal events together, durably; `random_bytes` are ten for each. Returns their places.

        What `also` changes in the same database becomes durable in the same put. A full journal still takes what is
        `making_room`: the end of a promise, never a new one.

        Raises:
            EventTooLargeError: one of them could never be sent; nothing was journaled.
            StoreError: the disk does not take them; nothing was promised.
        """
        rows = [
            _encode(self.head.seq + number, body, stamp, random)
            for number, (body, random) in enumerate(zip(bodies, random_bytes, strict=True), 1)
        ]
        with self._db.together(making_room=making_room):
            head = self._put(rows)
            if also is not None:
                also()
        # Only now is anything true: an error above leaves this object as the disk is.
        self._advance(head)
        if stamp.clock != "none":
            self._last_at = stamp.now
        return list(range(head.seq - len(rows) + 1, head.seq + 1))

    def carry_over(self, events: Sequence[bytes]) -> None:
        """Journal events of an earlier journal, each as it was but for its place: the hub knows them by their ids."""
        originals = [codec.decode(event, Event) for event in events]
        with self._db.together():
            head = self._put(
                [codec.encode(replace(event, seq=self.head.seq + number)) for number, event in enumerate(originals, 1)]
            )
        self._advance(head)

    def read(self, first: int, count: int) -> Iterator[bytes]:
        """Bytes of up to `count` events from a place on."""
        for seq in range(first, min(first + count, self.head.seq + 1)):
            yield self._events.raw(seq)

    def point_at(self, seq: int, known: Point | None = None) -> Point | None:
        """The chain at a place; None where that is no longer, or not yet, here. `known` shortens the way."""
        start = known if known is not None and self.oldest.seq <= known.seq <= seq else self.oldest
        if not start.seq <= seq <= self.head.seq:
            return None
        return Point(seq, link_all(start.hash, self.read(start.seq + 1, seq - start.seq)))

    def confirm(
        self,
        point: Point,
        refused: Sequence[Refused] = (),
        *,
        hub_epoch: UUID | None = None,
        heard_at: datetime | None = None,
    ) -> None:
        """Note for good that the hub has booked everything up to a place, and what of it was not simply applied.

        `hub_epoch` is the epoch of the hub that says so, and `heard_at` the time of its clock.
        """
        with self._db.together(making_room=True):
            self._set(confirmed=point.seq, confirmed_hash=point.hash.hex())
            if hub_epoch is not None and point.seq == self.head.seq:
                self._set(hub_epoch=str(hub_epoch))
            if heard_at is not None and heard_at > self.known_until:
                self._set(heard_at=heard_at.isoformat())
            for verdict in refused:
                document = {"code": verdict.code, "is_final": verdict.is_final}
                self._verdicts.upsert(Document(document, verdict.seq))
        self._mark = self._read_mark()

    def rewind(self, point: Point) -> None:
        """Take back what was confirmed after a place: the hub has lost it and is told again."""
        self._set(confirmed=point.seq, confirmed_hash=point.hash.hex())
        self._mark = self._read_mark()

    def fork(self) -> None:
        """Note for good that the hub knows another history: nothing may be promised from this journal any more."""
        self._end(forked=True)

    def revoke(self) -> None:
        """Note for good that the hub takes nothing from this kiosk any more."""
        self._end(revoked=True)

    def settle(self, seq: int, code: str | None) -> None:
        """Note what became of an event that was parked: applied, or rejected for good with a code."""
        with self._db.together(making_room=True):
            if code is None:
                self._verdicts.remove(doc_ids=[seq] if self._verdicts.contains(doc_id=seq) else [])
            else:
                self._verdicts.upsert(Document({"code": code, "is_final": True}, seq))

    def verdict_on(self, seq: int) -> Refused | None:
        """What the hub said of an event that it did not simply apply."""
        found = self._verdicts.get(doc_id=seq)
        return None if found is None else Refused(seq, found["code"], is_final=found["is_final"])

    def prune(self, now: datetime, retention_days: int) -> int:
        """Take away confirmed events that are old enough; returns how many."""
        oldest, last = self.oldest, min(self.confirmed.seq, self.oldest.seq + PRUNE_MAX_EVENTS)
        limit = now - timedelta(days=retention_days)
        gone: list[int] = []
        for seq in range(oldest.seq + 1, last + 1):
            data = self._events.raw(seq)
            if codec.decode(data, Event).occurred_at > limit:
                break
            oldest = Point(seq, link(oldest.hash, data))
            gone.append(seq)
        if gone:
            with self._db.together(making_room=True):
                self._events.remove(doc_ids=gone)
                self._verdicts.remove(doc_ids=gone)
                self._set(oldest=oldest.seq, oldest_hash=oldest.hash.hex())
            self._mark = self._read_mark()
        return len(gone)

    def _begin(self, epoch: UUID) -> None:
        nothing = GENESIS.hex()
        mark = {
            "epoch": str(epoch),
            "confirmed": 0,
            "confirmed_hash": nothing,
            "checkpoint": 0,
            "checkpoint_hash": nothing,
            "oldest": 0,
            "oldest_hash": nothing,
        }
        self._marks.insert(mark)

    def _read_mark(self) -> dict[str, Any]:
        mark = self._marks.get(doc_id=_MARK)
        assert mark is not None, "a chain begins with its mark"
        return dict(mark)

    def _end(self, **why: bool) -> None:
        with self._db.together(making_room=True):
            self._set(**why)
        self._mark = self._read_mark()

    def _set(self, **fields: Any) -> None:
        self._marks.update(fields, doc_ids=[_MARK])

    def _walk(self, point: Point) -> Point:
        while self._events.contains(doc_id=point.seq + 1):
            point = Point(point.seq + 1, link(point.hash, self._events.raw(point.seq + 1)))
        return point

    def _put(self, rows: Sequence[bytes]) -> Point:
        """Write events into the change that is being made; returns the head that the chain then has."""
        head = self.head
        for data in rows:
            head = Point(head.seq + 1, link(head.hash, data))
            self._events.insert_raw(data, doc_id=head.seq)
        if head.seq - self._mark["checkpoint"] >= CHECKPOINT_EVENTS:
            self._set(checkpoint=head.seq, checkpoint_hash=head.hash.hex())
        return head

    def _advance(self, head: Point) -> None:
        # The head first: the disk may refuse to be read now, and what was just put stands all the same.
        self.head = head
        self._mark = self._read_mark()

    def _read_last_at(self) -> datetime:
        if self.head.seq == self.oldest.seq:
            return BEGINNING
        last = codec.decode(self._events.raw(self.head.seq), Event)
        return BEGINNING if last.clock == "none" else max(last.occurred_at, BEGINNING)


def _encode(seq: int, body: Struct, stamp: Stamp, random: bytes) -> bytes:
    data = codec.encode(
        Event(
            seq=seq,
            id=event_id(int(stamp.now.timestamp() * 1000), random),
            kind=kind_of(body),
            occurred_at=stamp.now,
            clock=stamp.clock,
            by=stamp.by,
            body=codec.raw(body),
        )
    )
    if len(data) > EVENT_MAX_BYTES:
        raise EventTooLargeError(f"{kind_of(body)} takes {len(data)} bytes, allowed are {EVENT_MAX_BYTES}")
    return data
