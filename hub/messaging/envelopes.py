"""From a kiosk's bytes to items for booking: decode, check the signature and the chain, refuse whole what is wrong."""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from msgspec import Raw, Struct

from hub.intake import ByKiosk, Item, Place
from protocol import chain, codec
from protocol.codec import MessageError
from protocol.envelope import Envelope, Event
from protocol.errors import ErrorCode
from protocol.events import EventUnreadable
from protocol.kinds import EVENTS
from protocol.limits import EVENT_MAX_BYTES
from protocol.values import YEARS
from provisioning import keys


class Unread(Struct, frozen=True):
    """Body of an event whose kind this hub does not know; its bytes are kept."""


@dataclass(frozen=True, slots=True)
class Batch:
    """An envelope that was found whole and genuine, as items in order."""

    envelope: Envelope
    items: list[Item]


def open_envelope(payload: bytes, kiosk: str, public_keys: Mapping[str, bytes]) -> Batch:
    """Read an envelope that came under a kiosk's own topic.

    Raises:
        MessageError: with the code that the kiosk is told; nothing of the envelope is taken then.
    """
    envelope = codec.decode(payload, Envelope)
    if kiosk not in public_keys:
        raise MessageError(ErrorCode.KIOSK_UNKNOWN, kiosk)
    previous, head = bytes.fromhex(envelope.prev), bytes.fromhex(envelope.head)
    signed = chain.signing_input(kiosk, envelope.epoch, first_seq=envelope.first_seq, previous=previous, head=head)
    if envelope.kiosk != kiosk or not keys.is_signed(_public_key(public_keys[kiosk]), signed, envelope.sig):
        raise MessageError(ErrorCode.SIGNATURE_INVALID, kiosk)
    items = list(_items(envelope, previous))
    place = items[-1].source.place if isinstance(items[-1].source, ByKiosk) else None
    if place is None or place.head != head:
        raise MessageError(ErrorCode.CHAIN_BROKEN, f"{kiosk} from {envelope.first_seq}")
    return Batch(envelope, items)


def _items(envelope: Envelope, previous: bytes) -> Iterator[Item]:
    for number, wire in enumerate(envelope.events):
        event = codec.decode(wire, Event)
        body = _body(event)
        raw = _unreadable(body) if isinstance(body, EventUnreadable) else bytes(wire)
        is_next = event.seq == envelope.first_seq + number
        if not is_next or len(raw) > EVENT_MAX_BYTES or event.occurred_at.year not in YEARS:
            raise MessageError(ErrorCode.MESSAGE_UNDECODABLE, f"event {event.seq} of {envelope.kiosk}")
        head = chain.link(previous, raw)
        yield Item(
            id=event.id,
            kind=event.kind,
            body=body,
            source=ByKiosk(envelope.kiosk, Place(envelope.epoch, event.seq, previous, head)),
            fingerprint=fingerprint(event.kind, event.body),
            occurred_at=event.occurred_at,
            clock=event.clock,
            raw=raw,
        )
        previous = head


def _body(event: Event) -> Struct:
    try:
        return codec.decode_body(event.kind, event.body, EVENTS)
    except MessageError as error:
        if error.code is ErrorCode.KIND_UNKNOWN:
            return Unread()
        raise


def _unreadable(body: EventUnreadable) -> bytes:
    try:
        return base64.b64decode(body.bytes, validate=True)
    except ValueError as error:
        raise MessageError(ErrorCode.MESSAGE_UNDECODABLE, "bytes that are not base 64") from error


def fingerprint(kind: str, body: Raw | bytes) -> bytes:
    """Digest of what an item says, apart from where and when."""
    return hashlib.sha256(kind.encode() + b"\0" + bytes(body)).digest()


@lru_cache(maxsize=4096)
def _public_key(der: bytes) -> EllipticCurvePublicKey:
    return keys.load_public(der)
