"""The ledger line: what a kiosk sends of its journal, and how the hub answers."""

from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta, Raw, Struct, UnsetType

from protocol.limits import BATCH_MAX_EVENTS
from protocol.values import ClockTrust, Hash, Instant, Mark, Sequence, Token

Signature = Annotated[str, Meta(max_length=200)]
"""ECDSA P-256 over SHA-256 of `chain.signing_input`, DER in base 64."""


NO_EPOCH = UUID(int=0)
"""Stands in a receipt for a batch of which not even the epoch could be read."""


class Event(Struct, frozen=True):
    """One fact of a kiosk's journal. Its bytes are fixed when it is journaled; `body` is read by `kind`."""

    seq: Sequence
    id: UUID
    kind: Token
    occurred_at: Instant
    clock: ClockTrust
    by: Token
    body: Raw


class Envelope(Struct, frozen=True, kw_only=True):
    """A run of consecutive events, signed by the device key.

    `prev` and `head` are the chain's hashes before the first and after the last event; `confirmed` is the last
    receipt that the kiosk has journaled.
    """

    v: Annotated[int, Meta(ge=1, le=1)] = 1
    kiosk: Token
    epoch: UUID
    connection: Mark
    first_seq: Sequence
    prev: Hash
    head: Hash
    confirmed: Mark
    events: Annotated[list[Raw], Meta(min_length=1, max_length=BATCH_MAX_EVENTS)]
    sig: Signature


class Verdict(Struct, frozen=True):
    """What became of one event that was not simply applied."""

    seq: Sequence
    code: Token


class Receipt(Struct, frozen=True, kw_only=True):
    """Cumulative answer to envelopes: everything up to `upto` is committed, where the chain's hash was `hash`.

    `rejected` (final) and `parked` (stored, retried later) cover everything after the kiosk's `confirmed`, so a
    lost receipt loses nothing. `first_seq` names a refused batch and `refused` says why; nothing of it was taken.
    `at` is the hub's time.
    """

    epoch: UUID
    upto: Mark
    hash: Hash
    hub_epoch: UUID
    rejected: list[Verdict] = []
    parked: list[Verdict] = []
    refused: Token | UnsetType = UNSET
    first_seq: Sequence | UnsetType = UNSET
    at: Instant | UnsetType = UNSET
