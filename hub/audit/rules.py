"""The audit chain, pure: what is hashed of an entry, and what is wrong with a chain.

Nothing but the standard library, because the verifier runs on machines that have no hub.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

GENESIS = bytes(32)
"""The hash before the first entry."""

FIELDS = ("number", "id", "at", "actor", "action", "subject", "before", "after", "reason", "source")
"""What is hashed of an entry; its hash stands beside them as `hash`, in hexadecimal."""

SEALED_FIELDS = (*FIELDS, "key")
"""What is hashed of an entry under a key, whose name is among it. Entries from before there were keys have none."""


def hash_of(previous: bytes, entry: Mapping[str, Any], key: bytes | None = None) -> bytes:
    """Hash of the hash before and the entry: its fields as JSON in ASCII, keys sorted, without spaces.

    HMAC-SHA-256 where there is a key, SHA-256 where there is none.
    """
    names = FIELDS if key is None else SEALED_FIELDS
    content = (
        previous + json.dumps({name: entry[name] for name in names}, sort_keys=True, separators=(",", ":")).encode()
    )
    return hashlib.sha256(content).digest() if key is None else hmac.digest(key, content, "sha256")


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain as it stood once. `restored` says that an older database was put back then."""

    number: int
    hash: str
    restored: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Something wrong with the chain, at or after the entry of this number."""

    number: int
    what: str


@dataclass(slots=True)
class _Chain:
    keys: Mapping[str, bytes]
    number: int = 0
    hash: bytes = GENESIS
    is_sealed: bool = False
    missing: set[str] = field(default_factory=set)


NO_KEYS: Mapping[str, bytes] = {}


def faults(
    entries: Iterable[Mapping[str, Any]], heads: Iterable[Head], keys: Mapping[str, bytes] = NO_KEYS
) -> Iterator[Fault]:
    """Everything wrong with a whole log: entries by number, heads that were written down elsewhere, and keys by name.

    The chain shows what was changed, taken out or put in, its end included: who has the database alone cannot write
    hashes under a key. That its end was cut off, or written anew by somebody who has the key, only the heads show.
    """
    anchored = in_force(heads)
    chain = _Chain(keys)
    for entry in entries:
        yield from _step(chain, entry)
        stated = anchored.pop(chain.number, None)
        if stated is not None and stated != chain.hash.hex():
            yield Fault(chain.number, "rewritten: an anchored head says another hash")
    for number in sorted(anchored):
        if number > chain.number:
            yield Fault(number, f"cut: the log ends at {chain.number}")


def in_force(heads: Iterable[Head]) -> dict[int, str]:
    """Hashes by number; a restored database begins anew after its own last entry, and what was later is gone."""
    anchored: dict[int, str] = {}
    for head in heads:
        if head.restored:
            anchored = {number: known for number, known in anchored.items() if number < head.number}
        # The first word counts: whoever rewrites the log later cannot anchor the new one over it.
        anchored.setdefault(head.number, head.hash)
    anchored.pop(0, None)
    return anchored


def _step(chain: _Chain, entry: Mapping[str, Any]) -> Iterator[Fault]:
    number = entry["number"]
    if number != chain.number + 1:
        yield Fault(number, f"gap: {chain.number + 1} was expected")
    yield from _hash_faults(chain, entry)
    # The stated hash goes on, so that one change is one fault.
    chain.number, chain.hash = number, bytes.fromhex(entry["hash"])


def _hash_faults(chain: _Chain, entry: Mapping[str, Any]) -> Iterator[Fault]:
    number, name = entry["number"], entry.get("key")
    if name is None and chain.is_sealed:
        yield Fault(number, "unsealed: it has no key, and an entry before it has one")
    chain.is_sealed = chain.is_sealed or name is not None
    if name is not None and name not in chain.keys:
        if name not in chain.missing:
            yield Fault(number, f"not verified: from here on hashes are made with key {name}, which was not given")
        chain.missing.add(name)
    elif hash_of(chain.hash, entry, None if name is None else chain.keys[name]).hex() != entry["hash"]:
        yield Fault(number, "changed: its hash does not follow from it and the entry before")


def tail_faults(head: Head, entries: Iterable[Mapping[str, Any]], keys: Mapping[str, bytes]) -> Iterator[Fault]:
    """Everything wrong with what came after a head; the first of these entries is the head's own."""
    chain = _Chain(keys)
    for entry in entries:
        if entry["number"] == head.number:
            chain.number, chain.hash = head.number, bytes.fromhex(head.hash)
            chain.is_sealed = entry.get("key") is not None
            if entry["hash"] != head.hash:
                yield Fault(head.number, "rewritten: an anchored head says another hash")
        else:
            yield from _step(chain, entry)
    if chain.number < head.number:
        yield Fault(head.number, "cut: an anchored entry is not there")
