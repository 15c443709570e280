"""Walks one journal in memory: no place twice, none missing, and the chain's hash right at every step. Pure.

What each act must have moved is told here too, as far as its own bytes say it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from protocol.chain import GENESIS, link
from protocol.ids import part_id


@dataclass(frozen=True, slots=True)
class Gap:
    """Places that nobody has any more; `hash` is the chain's after the last of them."""

    first: int
    last: int
    hash: bytes


@dataclass(frozen=True, slots=True)
class Step:
    """One event as it is stored."""

    seq: int
    raw: bytes | None


@dataclass(slots=True)
class Walk:
    """How far a journal was walked. `hash` is None where bytes were destroyed in time, until a known hash comes."""

    seq: int = 0
    hash: bytes | None = GENESIS
    gaps: Mapping[int, Gap] = field(default_factory=dict)
    known: Mapping[int, bytes] = field(default_factory=dict)

    def go_on(self, step: Step) -> Iterator[str]:
        """Take the next event; tells what is wrong with where it stands."""
        self._pass_gap(step.seq)
        if step.seq != self.seq + 1:
            yield f"place {self.seq + 1} is followed by {step.seq}"
        self.seq = step.seq
        if step.raw is None:
            self.hash = self.known.get(step.seq)
        elif self.hash is not None:
            self.hash = link(self.hash, step.raw)
        if self.hash is not None and self.known.get(step.seq, self.hash) != self.hash:
            yield f"the hash at place {step.seq} is not what it was when it was proved"

    def end(self, upto: int, head: bytes) -> Iterator[str]:
        """Compare the end with what the stream says of itself."""
        self._pass_gap(upto + 1)
        if self.seq != upto:
            yield f"it ends at place {self.seq}, and is booked up to {upto}"
        elif self.hash is not None and self.hash != head:
            yield f"the hash at its end, place {upto}, is not that of its bytes"

    def _pass_gap(self, seq: int) -> None:
        gap = self.gaps.get(self.seq + 1)
        if gap is not None and gap.last < seq:
            self.seq, self.hash = gap.last, gap.hash


PASSES = frozenset({"lease.passed", "lease.taken"})
"""Two tell of what passes between kiosks; it was moved when the first of them was heard, and is in that answer."""


@dataclass(frozen=True, slots=True)
class Effect:
    """A transfer that an applied act must have made, and how much it moved."""

    transfer: UUID
    amount: int


def effects(fact: UUID, kind: str, body: Mapping[str, Any], result: Mapping[str, Any]) -> Iterator[Effect]:
    """What an applied act must have moved, by its bytes and its answer; what depends on more than these is not told."""
    if kind == "lease.spent":
        yield Effect(part_id(fact, kind), body["points"])
    elif kind in PASSES and "passed" in result:
        yield Effect(part_id(fact, "lease.passed"), body.get("points", result["passed"]))
    elif kind == "purchase.recorded" and result.get("purchase") == str(fact):
        for name, part in (("points", "points.earned"), ("points_paid", "points.paid")):
            if result.get(name, 0) > 0:
                yield Effect(part_id(fact, part), result[name])
