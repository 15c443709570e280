"""Points that pass from one kiosk of a store to another over the local network, when the hub is away.

The giver journals its fence (`lease.passed`) and then hands out a note, a signed text (`protocol.signed`). The taker
journals it (`lease.taken`) with what it spends. The hub books the pass once, on the word of whichever it hears first.
"""

from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from protocol import signed
from protocol.events import CardEvidence
from protocol.limits import PASS_NOTE_MAX_CHARS, PASSED_LEASES_FROM
from protocol.signed import Signed
from protocol.values import Instant, Points, PositivePoints, Seal, Sequence, Token

PREFIX = "membertap:pass:"


class PassNote(Struct, frozen=True, kw_only=True):
    """What a giver says: that it has fenced `points` of its `lease` for one epoch of one other kiosk, until `deadline`.

    `lent` and `seal` are those of the lease, so that a hub which has forgotten it can take it up again.
    """

    id: UUID
    kiosk: Token
    epoch: UUID
    lease: Sequence
    lent: Points
    seal: Seal
    to: Token
    to_epoch: UUID
    member: UUID
    points: PositivePoints
    deadline: Instant


class AskPass(Struct, frozen=True, kw_only=True):
    """A kiosk asks its neighbour for points of a member whose card was held to it; who asks, its certificate says.

    Asked again under the same `note`, the answer is the same.
    """

    note: UUID
    epoch: UUID
    member: UUID
    points: PositivePoints
    card: CardEvidence


class PassAnswer(Struct, frozen=True):
    """The note, or the code of why there is none."""

    note: Annotated[str, Meta(max_length=PASS_NOTE_MAX_CHARS)] | UnsetType = UNSET
    code: Token | UnsetType = UNSET


def lease_of(note: UUID) -> int:
    """The number of the taker's lease: the same wherever it is derived, and never one that the hub gives.

    Its 52 bits are those of a random id, so that two notes to one kiosk do not share a number in its life.
    """
    return PASSED_LEASES_FROM | note.int & (PASSED_LEASES_FROM - 1)


def read(text: str) -> Signed[PassNote] | None:
    """Take a note apart; None for any other text."""
    return signed.read(text, PassNote, prefix=PREFIX, max_chars=PASS_NOTE_MAX_CHARS)


def payload_of(note: PassNote) -> bytes:
    """The bytes that a giver signs."""
    return msgspec.json.encode(note)


def write(payload: bytes, signature: str) -> str:
    """The text of a note; `signature` is in base 64, as `provisioning.keys.sign` gives it."""
    return signed.write(payload, signature, prefix=PREFIX)
