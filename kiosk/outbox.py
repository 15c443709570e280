"""Brings the chain of events to the hub: in order, in signed batches, within a window, until receipts confirm them.

Knows no thread, clock or client: it is told what happened and says what to send. A PUBACK means nothing here; only the
hub's receipt, sent after its commit, moves the window on.
"""

import base64
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

import msgspec
import structlog
from msgspec import UNSET, Raw

from kiosk.ports import Signer
from kiosk.store.events import EventChain, Point, Refused
from protocol import codec
from protocol.chain import link, signing_input
from protocol.envelope import NO_EPOCH, Envelope, Event, Receipt
from protocol.errors import ErrorCode
from protocol.events import EventUnreadable
from protocol.limits import BATCH_MAX_BYTES, BATCH_MAX_EVENTS, WINDOW_MAX_BATCHES

PROGRESS_TIMEOUT_S = 30.0
"""How long a sent batch may go without a receipt before everything after the last receipt is sent again."""

PAUSE_S = 60.0
"""How long to wait after a refusal that sending again at once cannot mend."""

REPEAT_S = 10.0
"""How soon everything may be sent again when a receipt says that the hub has not moved: an envelope was lost."""

log = structlog.get_logger()


class Trust(StrEnum):
    """Whether this chain may still be sent and spent from."""

    GOOD = "good"
    WAITING = "waiting"
    """A person has to accept this epoch first; it is asked for now and then."""
    FORKED = "forked"
    REVOKED = "revoked"


@dataclass(frozen=True, slots=True)
class InFlight:
    """A batch that was sent: the places before its first and at its last event."""

    before: Point
    last: Point


@dataclass(frozen=True, slots=True)
class Settled:
    """What a receipt settled: everything up to `upto`, and what of it was not simply applied."""

    upto: int
    refused: tuple[Refused, ...] = ()


@dataclass(slots=True)
class Outbox:
    """The sending side of one chain."""

    chain: EventChain
    kiosk: str
    sign: Signer
    trust: Trust = Trust.GOOD
    lacks_oldest: bool = False
    """Whether the hub stands before the oldest event that is here, and has to be told where that is."""
    connection: int = 0
    _open: bool = False
    _sent: deque[InFlight] = field(default_factory=deque)
    _cursor: Point | None = None
    _batch_max: int = BATCH_MAX_EVENTS
    _moved_at: float = 0.0
    _paused_until: float = 0.0

    def __post_init__(self) -> None:
        if self.chain.is_forked:
            self.trust = Trust.FORKED
        elif self.chain.is_revoked:
            self.trust = Trust.REVOKED

    def opened(self, connection: int, now: float) -> None:
        """The line is up and the hub takes events: begin after the last receipt."""
        self._open, self.connection = True, connection
        self._restart(now)

    def closed(self) -> None:
        """The line is down, or the hub is."""
        self._open = False
        self._sent.clear()
        self._cursor = None

    def due(self, now: float) -> Iterator[bytes]:
        """Envelopes to send now. Call it whenever something was journaled, received, or time has passed."""
        if not self._open or self.trust in {Trust.FORKED, Trust.REVOKED} or now < self._paused_until:
            return
        if self._sent and now - self._moved_at > PROGRESS_TIMEOUT_S:
            log.warning("no receipt came; sending again", after=self.chain.confirmed.seq)
            self._restart(now)
        cursor = self._cursor or self.chain.confirmed
        window = WINDOW_MAX_BATCHES if self._batch_max > 0 else 1
        while len(self._sent) < window and cursor.seq < self.chain.head.seq:
            events, last = self._batch(cursor)
            if not self._sent:
                self._moved_at = now
            self._sent.append(InFlight(cursor, last))
            yield self._envelope(cursor, last, events)
            cursor = self._cursor = last

    def receive(self, receipt: Receipt, now: float) -> Settled | None:
        """Take a receipt; None where it settles nothing."""
        if receipt.epoch not in {self.chain.epoch, NO_EPOCH} or self.trust is Trust.FORKED:
            return None
        if receipt.refused is not UNSET:
            self._refused(receipt, receipt.refused, now)
            return None
        if receipt.upto < self.chain.confirmed.seq:
            self._rewind(receipt, now)
            return None
        self.lacks_oldest = False
        return self._confirm(receipt, now)

    def _confirm(self, receipt: Receipt, now: float) -> Settled | None:
        if receipt.upto == self.chain.confirmed.seq and receipt.hash == self.chain.confirmed.hash.hex():
            self._repeated(receipt, now)
            return None
        known = next((sent.before for sent in self._sent if sent.before.seq <= receipt.upto <= sent.last.seq), None)
        point = self.chain.point_at(receipt.upto, known or self.chain.confirmed)
        if point is None or point.hash.hex() != receipt.hash:
            self._fork(receipt)
            return None
        refused = tuple(_refused_events(receipt))
        self.chain.confirm(point, refused, hub_epoch=receipt.hub_epoch, heard_at=receipt.at or None)
        if self.trust is Trust.WAITING:
            self.trust = Trust.GOOD
        if self._cursor is not None and self._cursor.seq < point.seq:
            # A receipt from before a restore overtook what was to be sent again; what it covers may be pruned by now.
            self._sent.clear()
            self._cursor = point
        while self._sent and self._sent[0].last.seq <= point.seq:
            self._sent.popleft()
        if not self._sent:
            self._batch_max = BATCH_MAX_EVENTS
        self._moved_at = now
        return Settled(point.seq, refused)

    def _repeated(self, receipt: Receipt, now: float) -> None:
        # The hub answers everything that it hears. Where it has not moved, what it heard lies behind something lost.
        if self._sent and now - self._moved_at >= REPEAT_S:
            self._restart(now)
        if self.chain.unconfirmed == 0 and receipt.hub_epoch != self.chain.replayed_for:
            self.chain.confirm(self.chain.confirmed, hub_epoch=receipt.hub_epoch, heard_at=receipt.at or None)

    def _rewind(self, receipt: Receipt, now: float) -> None:
        # The hub stands behind what it once confirmed: it was restored from a backup and is told again.
        point = self.chain.point_at(receipt.upto)
        if point is not None and point.hash.hex() != receipt.hash:
            self._fork(receipt)
            return
        if point is None:
            log.error("the hub lacks events that are gone here", upto=receipt.upto, oldest=self.chain.oldest.seq)
            self.lacks_oldest = True
            return
        log.warning("the hub was restored; sending again", after=point.seq, instead_of=self.chain.confirmed.seq)
        self.chain.rewind(point)
        self._restart(now)

    def _refused(self, receipt: Receipt, code: str, now: float) -> None:
        log.warning("a batch was refused", code=code, first_seq=receipt.first_seq or 0, after=receipt.upto)
        match code:
            case ErrorCode.KIOSK_REVOKED:
                self.trust = Trust.REVOKED
                self.chain.revoke()
            case ErrorCode.CHAIN_FORKED:
                self._fork(receipt)
            case ErrorCode.EPOCH_UNKNOWN:
                self.trust = Trust.WAITING
                self._pause(now)
            case ErrorCode.MESSAGE_UNDECODABLE | ErrorCode.MESSAGE_TOO_LARGE | ErrorCode.SIGNATURE_INVALID:
                self._split(receipt, now)
            case _:
                self._pause(now)

    def _split(self, receipt: Receipt, now: float) -> None:
        if not self._sent or receipt.first_seq not in {UNSET, self._sent[0].before.seq + 1}:
            # What was sent behind a refused batch is refused with it, or dropped, and says nothing of its own.
            return
        # Half as many at a time, until the one that cannot be read goes alone and wrapped.
        if self._batch_max == 0:
            self._paused_until = now + PAUSE_S
        self._batch_max //= 2
        self._restart(now)

    def _fork(self, receipt: Receipt) -> None:
        log.error("the hub knows another history of this kiosk; sending and spending end here", upto=receipt.upto)
        self.trust = Trust.FORKED
        self.chain.fork()

    def _pause(self, now: float) -> None:
        self._paused_until = now + PAUSE_S
        self._restart(now)

    def _restart(self, now: float) -> None:
        self._sent.clear()
        self._cursor = self.chain.confirmed
        self._moved_at = now
        self.lacks_oldest = False

    def _batch(self, after: Point) -> tuple[list[bytes], Point]:
        events: list[bytes] = []
        size, head = 0, after.hash
        for event in self.chain.read(after.seq + 1, max(self._batch_max, 1)):
            size += len(event)
            if events and size > BATCH_MAX_BYTES:
                break
            events.append(event)
            head = link(head, event)
        return events, Point(after.seq + len(events), head)

    def _envelope(self, before: Point, last: Point, events: list[bytes]) -> bytes:
        if self._batch_max == 0:
            events = [_unreadable(event) for event in events]
        first_seq = before.seq + 1
        signed = signing_input(self.kiosk, self.chain.epoch, first_seq=first_seq, previous=before.hash, head=last.hash)
        envelope = Envelope(
            kiosk=self.kiosk,
            epoch=self.chain.epoch,
            connection=self.connection,
            first_seq=first_seq,
            prev=before.hash.hex(),
            head=last.hash.hex(),
            confirmed=self.chain.confirmed.seq,
            events=[Raw(event) for event in events],
            sig=self.sign(signed),
        )
        return codec.encode(envelope)


def _refused_events(receipt: Receipt) -> Iterator[Refused]:
    for verdict in receipt.rejected:
        yield Refused(verdict.seq, verdict.code, is_final=True)
    for verdict in receipt.parked:
        yield Refused(verdict.seq, verdict.code, is_final=False)


def _unreadable(event: bytes) -> bytes:
    body = EventUnreadable(base64.b64encode(event).decode())
    original = codec.decode(event, Event)
    return codec.encode(msgspec.structs.replace(original, kind="event.unreadable", body=codec.raw(body)))
