"""The contract between booking and the kinds of things that are booked. Knows no domain.

Whatever moves value (an event of a kiosk, a request, a till's post, a job) is an `Item`. A domain handles its kinds in
`intake.py` by three functions: `load` reads what the items name and says which accounts they touch, `decide` is pure
and changes only the working set, `write` stores what was decided. Booking does all of that in one transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, TypeVar
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from protocol.errors import ErrorCode
from protocol.values import ClockTrust

Part = TypeVar("Part")
Body = TypeVar("Body", bound=Struct)

RandomBytes = Callable[[int], bytes]
"""Draws that many random bytes; passed in, so that a simulation can seed it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where in a kiosk's journal an event stands, with the chain's hash before and after it."""

    epoch: UUID
    seq: int
    previous: bytes
    head: bytes


@dataclass(frozen=True, slots=True)
class ByKiosk:
    """Brought by a kiosk that has proved its identity; `place` is given for events and absent for requests."""

    kiosk: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class ByKey:
    """Brought over the API under a key, named by the SHA-256 of its secret, from a network address."""

    key_hash: bytes
    address: str = ""


@dataclass(frozen=True, slots=True)
class ByJob:
    """Brought by the hub's own work, under the job's name. It counts at the moment that the item names."""

    name: str


@dataclass(frozen=True, slots=True)
class ByApproval:
    """Asked for by an actor in a role, and brought now that a second person has said yes."""

    actor: str
    role: str


Source = ByKiosk | ByKey | ByJob | ByApproval


@dataclass(frozen=True, slots=True)
class Item:
    """One thing to book.

    `id` was made by whoever brings it and is unique for ever; `fingerprint` is the SHA-256 of its content, so that the
    same id with other content is noticed. `store` is given where the bringer does not stand in one. `raw` is kept where
    the bytes are evidence. `again` is when an event counts that was parked and is tried again.
    """

    id: UUID
    kind: str
    body: Struct
    source: Source
    fingerprint: bytes
    occurred_at: datetime
    store: str | None = None
    clock: ClockTrust = "ntp"
    raw: bytes | None = None
    again: "Moment | None" = None


class Verdict(StrEnum):
    """What became of an item."""

    APPLIED = "applied"
    REJECTED = "rejected"
    PARKED = "parked"
    IGNORED = "ignored"
    WAITING = "waiting"


@dataclass(slots=True)
class Outcome:
    """The verdict on an item. `result` is what the caller is told, now and whenever the same item comes again.

    `lacking` is whose value does not lie where it is needed: it may be lent out, and be called back.
    """

    verdict: Verdict
    code: ErrorCode | None = None
    result: dict[str, Any] = field(default_factory=dict)
    lacking: UUID | None = field(default=None, compare=False)

    @property
    def is_applied(self) -> bool:
        """Tell whether the item had its effect."""
        return self.verdict is Verdict.APPLIED


def applied(**result: Any) -> Outcome:
    """The item takes effect."""
    return Outcome(Verdict.APPLIED, None, result)


def rejected(code: ErrorCode, **data: Any) -> Outcome:
    """The item is refused for good; `data` fills the sentence."""
    return Outcome(Verdict.REJECTED, code, data)


def lacking(owner: UUID, code: ErrorCode, **data: Any) -> Outcome:
    """The item is refused for good, because what a member or a reward has does not lie where it is needed.

    `short` among the data is how much is missing; without it, all that lies elsewhere is in the way.
    """
    return Outcome(Verdict.REJECTED, code, data, owner)


def parked(code: ErrorCode) -> Outcome:
    """The item is kept and tried again after an upgrade or a decision by a person."""
    return Outcome(Verdict.PARKED, code)


def waiting(code: ErrorCode, **data: Any) -> Outcome:
    """The item is refused for now and not written down: the same item may come again when what it lacks is there."""
    return Outcome(Verdict.WAITING, code, data)


class Caller(Struct, frozen=True, gc=False):
    """Who brings an item, once looked up: the actor's name in the ledger, and the store where it happens.

    `role` is what limits per role go by, `address` where it came from; empty where nobody gave one.
    """

    actor: str
    store: str
    kiosk: str | None = None
    role: str = ""
    address: str = ""


class Moment(Struct, frozen=True, gc=False):
    """The times of one item: when it came, and when it counts as having happened."""

    received_at: datetime
    effective_at: datetime


@dataclass(slots=True)
class Work:
    """The working set of one booking: a part per domain, made on first use. `random_bytes` serves ids and nonces."""

    random_bytes: RandomBytes
    parts: dict[type[Any], Any] = field(default_factory=dict)

    def part(self, kind: type[Part]) -> Part:
        """The working set's part of one type; the same object every time."""
        part: Part | None = self.parts.get(kind)
        if part is None:
            part = self.parts[kind] = kind()
        return part


class Entry(Struct, frozen=True, gc=False):
    """An item that was let in: by whom it was brought, and when it counts."""

    item: Item
    caller: Caller
    moment: Moment

    def body(self, kind: type[Body]) -> Body:
        """The item's body, as the struct that its kind is read into."""
        assert isinstance(self.item.body, kind), "the table of kinds reads every body"
        return self.item.body


class Intake(Protocol):
    """How one domain handles one kind."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Read what these items name, with one query, and want the accounts they touch."""

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Decide one item and change the working set accordingly. Pure: no database, no clock."""

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """Store what was decided for all items of this kind, with one statement per table."""
