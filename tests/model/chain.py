"""The whole programme as a child would keep it: a few dictionaries, and one thing done after the other.

Every kind of item has a function here that is written from what the product promises and shares no code with it. An
item is read only after the one before it was done; there are no batches, locks or databases.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.intake import ByApproval, ByJob, ByKey, ByKiosk, Item, Place
from protocol.ids import derived_id, part_id
from tests.model.books import Books


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of an item. `told` are the figures of the answer that the model can foretell.

    `lacking` is who has too few points where they are needed: some may lie at kiosks.
    """

    verdict: str
    code: str | None = None
    told: dict[str, Any] = field(default_factory=dict)
    lacking: UUID | None = None


def yes(**told: Any) -> Answer:
    """It was done."""
    return Answer("applied", None, told)


def no(code: str, **told: Any) -> Answer:
    """It was refused for good."""
    return Answer("rejected", code, told)


def short_of(member: UUID, code: str, short: int) -> Answer:
    """It was refused because so many points are missing here."""
    return Answer("rejected", code, {"short": short}, member)


def not_yet(code: str, **told: Any) -> Answer:
    """It was refused for now, and may come again."""
    return Answer("waiting", code, told)


@dataclass(slots=True)
class Member:
    """A member, as far as the books care."""

    id: UUID
    tier: str = "classic"
    is_blocked: bool = False
    is_identified: bool = False

    @property
    def points(self) -> UUID:
        """Account of points."""
        return derived_id(self.id, "points")

    @property
    def qualifying(self) -> UUID:
        """Account of qualifying points."""
        return derived_id(self.id, "qualifying")

    @property
    def debt(self) -> UUID:
        """Account of what is owed."""
        return derived_id(self.id, "debt")

    @property
    def principal(self) -> UUID:
        """Account of money that was paid in."""
        return derived_id(self.id, "principal")

    @property
    def bonus(self) -> UUID:
        """Account of money that was given."""
        return derived_id(self.id, "bonus")


@dataclass(slots=True)
class Kiosk:
    """A kiosk: where it stands, when its last event counted, and the number of the last lease it was given."""

    store: str
    last_at: datetime
    is_online: bool = False
    leases: int = 0


@dataclass(frozen=True, slots=True)
class Tier:
    """A tier, from so many qualifying points on, at which so many times as much is earned."""

    name: str
    threshold: int
    multiplier: int


@dataclass(slots=True)
class Chain:
    """Everything there is.

    `terms` are the documents in force by name; `notes` is whatever a kind of item remembers; `places` are those in the
    journals of kiosks that were heard of. `near` is what lay near when a batch began, by member.
    """

    zone: ZoneInfo
    tiers: tuple[Tier, ...]
    stores: dict[str, bool]
    now: datetime
    books: Books = field(default_factory=Books)
    terms: dict[str, dict[str, Any]] = field(default_factory=dict)
    members: dict[UUID, Member] = field(default_factory=dict)
    kiosks: dict[str, Kiosk] = field(default_factory=dict)
    roles: dict[bytes, str] = field(default_factory=dict)
    facts: dict[UUID, tuple[bytes, Answer]] = field(default_factory=dict)
    counts: dict[tuple[Any, ...], int] = field(default_factory=dict)
    notes: dict[tuple[Any, ...], Any] = field(default_factory=dict)
    places: list[Place] = field(default_factory=list)
    near: dict[UUID, int] = field(default_factory=dict)

    def term(self, name: str, **defaults: Any) -> dict[str, Any]:
        """What a term says, with these defaults for what it does not say."""
        return defaults | self.terms.get(name, {})

    def do(self, item: Item) -> Answer:
        """Do one item, and remember what became of it."""
        self.books.now = self.now
        if isinstance(item.source, ByKiosk) and item.source.place is not None:
            if item.source.place in self.places:
                return Answer("ignored")
            self.places.append(item.source.place)
        call = self._call(item)
        self.books.at = call.at
        if item.id in self.facts:
            fingerprint, answer = self.facts[item.id]
            if fingerprint == item.fingerprint:
                return answer
            return no("request.conflict" if item.raw is None else "event.conflict")
        answer = KINDS[item.kind](self, call)
        if answer.verdict != "waiting":
            self.facts[item.id] = (item.fingerprint, answer)
        return answer

    def count(self, name: tuple[Any, ...], amount: int) -> None:
        """Count something that has a limit."""
        self.counts[name] = max(0, self.counts.get(name, 0) + amount)

    def room(self, name: tuple[Any, ...], limit: int) -> int:
        """How much may still be counted."""
        return max(0, limit - self.counts.get(name, 0))

    def refusal(self, member: UUID) -> str | None:
        """Why somebody cannot take part."""
        if member not in self.members:
            return "member.unknown"
        return "member.blocked" if self.members[member].is_blocked else None

    def currency_refusal(self, currency: str) -> str | None:
        """Why money is not taken."""
        return None if currency == "CNY" else "currency.unknown"

    def _call(self, item: Item) -> "Call":
        match item.source:
            case ByKey():
                return Call(item, item.store or "", self.now, role=self.roles.get(item.source.key_hash, ""))
            case ByApproval(_actor, role):
                return Call(item, item.store or "", self.now, role=role)
            case ByJob():
                return Call(item, item.store or "", item.occurred_at)
            case ByKiosk():
                kiosk = self.kiosks[item.source.kiosk]
                at = self.now
                if item.source.place is not None:
                    at = kiosk.last_at = max(min(item.occurred_at, self.now), min(kiosk.last_at, self.now))
                return Call(item, kiosk.store, at, kiosk=item.source.kiosk)


@dataclass(frozen=True, slots=True)
class Call:
    """An item with the store that it comes from, when it counts, and who brings it."""

    item: Item
    store: str
    at: datetime
    kiosk: str = ""
    role: str = ""

    @property
    def epoch(self) -> UUID:
        """The epoch of the journal that this stands in."""
        source = self.item.source
        assert isinstance(source, ByKiosk)
        assert source.place is not None, "only what is told stands in a journal"
        return source.place.epoch

    def transfer(self, kind: str) -> UUID:
        """Id of a transfer that this makes."""
        return part_id(self.item.id, kind)


Act = Callable[[Chain, Call], Answer]

KINDS: dict[str, Act] = {}
"""What to do, by kind of item."""


def does(*kinds: str) -> Callable[[Act], Act]:
    """Name the kinds that a function does."""

    def enter(act: Act) -> Act:
        KINDS.update(dict.fromkeys(kinds, act))
        return act

    return enter
