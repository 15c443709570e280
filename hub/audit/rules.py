"""The audit chain, pure: what is hashed of an entry, and what is wrong with a chain.

Nothing but the standard library, because the verifier runs on machines that have no hub.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

GENESIS = bytes(32)
"""The hash before the first entry."""

FIELDS = ("number", "id", "at", "actor", "action", "subject", "before", "after", "reason", "source")
"""What is hashed of an entry; its hash stands beside them as `hash`, in hexadecimal."""


def hash_of(previous: bytes, entry: Mapping[str, Any]) -> bytes:
    """SHA-256 of the hash before and the entry: its fields as JSON in ASCII, keys sorted, without spaces."""
    content = json.dumps({name: entry[name] for name in FIELDS}, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + content.encode()).digest()


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
    number: int = 0
    hash: bytes = GENESIS


def faults(entries: Iterable[Mapping[str, Any]], heads: Iterable[Head]) -> Iterator[Fault]:
    """Everything wrong with a whole log: entries by number, and the heads that were written down elsewhere.

    The chain alone shows what was changed, taken out or put in. That its end was cut off, or written anew with right
    hashes, only the heads show; what came after the last of them nothing shows.
    """
    anchored = in_force(heads)
    chain = _Chain()
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
    if hash_of(chain.hash, entry).hex() != entry["hash"]:
        yield Fault(number, "changed: its hash does not follow from it and the entry before")
    # The stated hash goes on, so that one change is one fault.
    chain.number, chain.hash = number, bytes.fromhex(entry["hash"])
