"""Receipts: how far each journal is booked, what was rejected or parked on the way, which batches were refused."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType
from sqlalchemy.orm import Session

from hub.booking import queries as facts
from hub.fleet import queries as fleet
from hub.intake import Outcome
from hub.messaging.envelopes import Batch
from hub.messaging.publisher import Publication
from protocol import codec, topics
from protocol.chain import GENESIS
from protocol.envelope import NO_EPOCH, Receipt, Verdict
from protocol.errors import ErrorCode
from protocol.topics import Channel

StreamKey = tuple[str, UUID]

REFUSES_BATCH = frozenset(
    {
        ErrorCode.CHAIN_BROKEN,
        ErrorCode.CHAIN_FORKED,
        ErrorCode.EPOCH_UNKNOWN,
        ErrorCode.KIOSK_REVOKED,
        ErrorCode.KIOSK_UNKNOWN,
    }
)
"""Codes by which booking refuses a whole batch; every other code is the verdict on one event."""


class _Header(msgspec.Struct):
    """What can still be read of an envelope that was refused."""

    epoch: UUID = NO_EPOCH
    first_seq: int = 0


@dataclass(frozen=True, slots=True)
class Refused:
    """A batch of which nothing was taken."""

    epoch: UUID
    first_seq: int
    code: ErrorCode

    @classmethod
    def of(cls, payload: bytes, code: ErrorCode) -> "Refused":
        """Name a batch that could not be opened by what can still be read of it."""
        try:
            header = msgspec.json.decode(payload, type=_Header)
        except (msgspec.DecodeError, UnicodeDecodeError):
            header = _Header()
        return cls(header.epoch, header.first_seq, code)


def refused_by_booking(batches: Sequence[Batch], outcomes: Sequence[Outcome]) -> Iterator[tuple[str, Refused]]:
    """Batches of which the booking did not let in the first event, or all from one on, where two histories part."""
    start = 0
    for batch in batches:
        end = start + len(batch.items)
        code = next((one.code for one in (outcomes[start], outcomes[end - 1]) if one.code in REFUSES_BATCH), None)
        start = end
        if code is not None:
            envelope = batch.envelope
            yield envelope.kiosk, Refused(envelope.epoch, envelope.first_seq, code)


def receipts(
    session: Session, confirmed: Mapping[StreamKey, int], refused: Sequence[tuple[str, Refused]], now: datetime
) -> Iterator[Publication]:
    """One receipt per journal that was heard of, and one per batch that was refused."""
    if not confirmed and not refused:
        return
    kiosks = sorted({kiosk for kiosk, _epoch in confirmed} | {kiosk for kiosk, _refused in refused})
    streams = {(row.kiosk, row.epoch): row for row in fleet.ask_streams(session, kiosks).answer()}
    hub_epoch = fleet.hub_epoch(session)
    verdicts: dict[StreamKey, list[tuple[str, Verdict]]] = {}
    for row in facts.verdicts_after(session, confirmed):
        verdicts.setdefault((row.kiosk, row.epoch), []).append((row.verdict, Verdict(row.seq, row.code)))

    def receipt(key: StreamKey, code: ErrorCode | UnsetType, first_seq: int | UnsetType) -> Publication:
        stream, told = streams.get(key), verdicts.get(key, [])
        body = Receipt(
            epoch=key[1],
            upto=stream.upto if stream else 0,
            hash=(stream.hash if stream else GENESIS).hex(),
            hub_epoch=hub_epoch,
            rejected=[verdict for kind, verdict in told if kind == "rejected"],
            parked=[verdict for kind, verdict in told if kind == "parked"],
            refused=code,
            first_seq=first_seq,
            at=now,
        )
        return Publication(topics.of_kiosk(key[0], Channel.RECEIPTS), codec.encode(body))

    for kiosk, batch in refused:
        yield receipt((kiosk, batch.epoch), batch.code, batch.first_seq or UNSET)
    told = {(kiosk, batch.epoch) for kiosk, batch in refused}
    for key in sorted(confirmed):
        if key not in told:
            yield receipt(key, UNSET, UNSET)
