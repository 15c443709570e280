"""Who is let in: identity, permission, place in the journal, and whether the same item was booked before. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from msgspec import Struct

from hub.audit.service import Act
from hub.fleet.rules import Step, StreamState
from hub.fleet.service import Fleet, KioskState, fork
from hub.intake import (
    ByApproval,
    ByJob,
    ByKey,
    ByKiosk,
    Caller,
    Entry,
    Item,
    Moment,
    Outcome,
    Place,
    Verdict,
    parked,
    rejected,
)
from hub.staff.kinds import KINDS, KIOSK_KINDS
from hub.staff.service import Principal
from protocol.errors import ErrorCode
from protocol.ids import derived_id


class KnownFact(Struct, frozen=True, gc=False):
    """What became of an item the first time."""

    fingerprint: bytes
    outcome: Outcome


@dataclass(slots=True)
class Admission:
    """Lets items in, one after the other and in order. What is not let in gets its outcome here.

    `entries` are to be decided, `settled` is decided already. What is `told` is not stored: nobody unknown fills our
    tables. `taken` are the events of this batch that took their place in a journal, `forks` the acts to be audited.
    """

    fleet: Fleet
    principals: Mapping[bytes, Principal]
    known: Mapping[UUID, KnownFact]
    now: datetime
    entries: dict[int, Entry] = field(default_factory=dict)
    settled: dict[int, tuple[Entry, Outcome]] = field(default_factory=dict)
    told: dict[int, Outcome] = field(default_factory=dict)
    taken: set[UUID] = field(default_factory=set)
    forks: list[Act] = field(default_factory=list)

    def admit(self, number: int, item: Item) -> None:
        """Judge one item; `number` is its place in the batch."""
        match item.source:
            case ByKey():
                self._admit_by_key(number, item, item.source)
            case ByJob():
                moment = Moment(self.now, item.occurred_at)
                self._enter(number, Entry(item, Caller(f"job:{item.source.name}", item.store or ""), moment))
            case ByApproval(actor, role):
                moment = Moment(self.now, self.now)
                self._enter(number, Entry(item, Caller(actor, item.store or "", role=role), moment))
            case ByKiosk(place=None):
                self._admit_request(number, item, item.source)
            case ByKiosk() if item.again is not None:
                self._admit_again(number, item, item.source, item.again)
            case ByKiosk():
                self._admit_event(number, item, item.source)

    def repeat(self, number: int, entry: Entry, known: KnownFact) -> None:
        """The same item gets the same outcome; the same id with other content is a conflict.

        A repeated event stands at a new place of a journal, and every place has a fact of its own.
        """
        outcome, source = _replay(entry.item, known), entry.item.source
        if isinstance(source, ByKiosk) and source.place is not None:
            own_id = derived_id(entry.item.id, f"{source.place.epoch}.{source.place.seq}")
            self.settled[number] = (Entry(replace(entry.item, id=own_id), entry.caller, entry.moment), outcome)
        else:
            self.told[number] = outcome

    def _admit_by_key(self, number: int, item: Item, source: ByKey) -> None:
        principal = self.principals.get(source.key_hash)
        if principal is None:
            self.told[number] = rejected(ErrorCode.KEY_UNKNOWN)
            return
        store = item.store or ""
        refusal = principal.refusal(KINDS.get(item.kind), store)
        if refusal is not None:
            self.told[number] = rejected(refusal)
            return
        caller = Caller(principal.actor, store, role=principal.role, address=source.address)
        self._enter(number, Entry(item, caller, Moment(self.now, self.now)))

    def _admit_request(self, number: int, item: Item, source: ByKiosk) -> None:
        kiosk = self._kiosk(number, source)
        if kiosk is not None:
            caller = Caller(f"kiosk:{kiosk.id}", kiosk.store, kiosk.id)
            self._enter(number, Entry(item, caller, Moment(self.now, self.now)))

    def _admit_event(self, number: int, item: Item, source: ByKiosk) -> None:
        kiosk, place = self._kiosk(number, source), source.place
        if kiosk is None or place is None:
            return
        stream = kiosk.stream(place.epoch, self.now)
        if stream.state != "accepted":
            forked = stream.state == "forked"
            self.told[number] = rejected(ErrorCode.CHAIN_FORKED if forked else ErrorCode.EPOCH_UNKNOWN)
            return
        match stream.step(place):
            case Step.NEXT:
                self._enter(number, self._event(item, kiosk, stream))
            case Step.BROKEN:
                self.told[number] = rejected(ErrorCode.CHAIN_BROKEN)
            case Step.FORKED:
                self._fork(number, stream, place)
            case Step.KNOWN if place.seq > stream.lost_upto and not self._was_booked(item):
                # Another event stands at a place that is booked: a copied disk, or one that was set back.
                self._fork(number, stream, place)
            case Step.KNOWN | Step.GAP:
                self.told[number] = Outcome(Verdict.IGNORED)

    def _fork(self, number: int, stream: StreamState, place: Place) -> None:
        self.forks.append(fork(stream, seq=place.seq, head=place.head.hex()))
        self.told[number] = rejected(ErrorCode.CHAIN_FORKED)

    def _admit_again(self, number: int, item: Item, source: ByKiosk, moment: Moment) -> None:
        # It has its place in the journal already, and was let in by what held when it came.
        known, kiosk = self.known.get(item.id), self.fleet.kiosks[source.kiosk]
        if known is None or known.outcome.verdict is not Verdict.PARKED:
            self.told[number] = Outcome(Verdict.IGNORED)
        elif item.kind not in KIOSK_KINDS:
            self.told[number] = known.outcome
        else:
            self.entries[number] = Entry(item, Caller(f"kiosk:{kiosk.id}", kiosk.store, kiosk.id), moment)

    def _was_booked(self, item: Item) -> bool:
        return item.id in self.known or item.id in self.taken

    def _event(self, item: Item, kiosk: KioskState, stream: StreamState) -> Entry:
        assert isinstance(item.source, ByKiosk)
        assert item.source.place is not None
        self.taken.add(item.id)
        effective_at = stream.effective(item.occurred_at, item.clock, self.now)
        stream.advance(item.source.place, effective_at)
        return Entry(item, Caller(f"kiosk:{kiosk.id}", kiosk.store, kiosk.id), Moment(self.now, effective_at))

    def _kiosk(self, number: int, source: ByKiosk) -> KioskState | None:
        kiosk = self.fleet.kiosks.get(source.kiosk)
        if kiosk is not None and kiosk.is_active:
            return kiosk
        self.told[number] = rejected(ErrorCode.KIOSK_UNKNOWN if kiosk is None else ErrorCode.KIOSK_REVOKED)
        return None

    def _enter(self, number: int, entry: Entry) -> None:
        known = self.known.get(entry.item.id)
        if known is not None:
            self.repeat(number, entry, known)
        elif entry.caller.kiosk is not None and entry.item.kind not in KIOSK_KINDS:
            self.settled[number] = (entry, parked(ErrorCode.KIND_UNKNOWN))
        else:
            self.entries[number] = entry


def _replay(item: Item, known: KnownFact) -> Outcome:
    if known.fingerprint == item.fingerprint:
        return known.outcome
    return rejected(ErrorCode.REQUEST_CONFLICT if item.raw is None else ErrorCode.EVENT_CONFLICT)
