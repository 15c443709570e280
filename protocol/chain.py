"""The hash chain over a kiosk's journal, and the bytes its signatures cover.

`hash(n) = SHA-256(hash(n-1) || bytes of event n)`. The bytes are those fixed when the event was journaled, so
nobody ever re-encodes an event to check it.
"""

import hashlib
from collections.abc import Iterable
from uuid import UUID

GENESIS = bytes(32)
"""Hash before the first event of an epoch."""


def link(previous: bytes, event: bytes) -> bytes:
    """Hash of the chain after one more event."""
    return hashlib.sha256(previous + event).digest()


def link_all(previous: bytes, events: Iterable[bytes]) -> bytes:
    """Hash of the chain after several more events."""
    for event in events:
        previous = link(previous, event)
    return previous


def signing_input(kiosk: str, epoch: UUID, *, first_seq: int, previous: bytes, head: bytes) -> bytes:
    """Bytes that an envelope's signature covers: every width is fixed or stated, so no two envelopes share them."""
    name = kiosk.encode()
    sequence = first_seq.to_bytes(8, "big")
    return b"membertap.envelope.1" + len(name).to_bytes(2, "big") + name + epoch.bytes + sequence + previous + head
