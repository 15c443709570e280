"""Booking of taps: a verified one opens a visit; one that was queued offline is evidence against copied cards."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from devices.cards.keys import FleetKeys
from hub.cards import queries
from hub.cards.models import Card, CardTap, Visit
from hub.cards.rules import CardState, Proof, judge
from hub.db.bulk import insert_rows, update_rows
from hub.fleet.service import Fleet
from hub.intake import Entry, Moment, Outcome, Work, applied, rejected
from hub.ledger.rules import Books
from hub.points.service import points_account
from hub.tiers.service import Standings
from protocol.errors import ErrorCode
from protocol.events import CardEvidence, CardSeen
from protocol.ids import derived_id
from protocol.limits import VISIT_MAX_S
from protocol.requests import PresentCard


@dataclass(frozen=True, slots=True)
class NewTap:
    """A dynamic code seen for the first time."""

    card: UUID
    counter: int
    kiosk: str
    seen_at: datetime
    verified_late: bool


@dataclass(frozen=True, slots=True)
class NewVisit:
    """A visit that a tap opened."""

    id: UUID
    card: UUID
    member: UUID
    kiosk: str
    redeems: bool
    opened_at: datetime

    @property
    def ends_at(self) -> datetime:
        """When the visit stops authorising anything."""
        return self.opened_at + timedelta(seconds=VISIT_MAX_S)


@dataclass(slots=True)
class Taps:
    """Part of a booking's working set: the cards it meets, late codes already seen, and what is new."""

    cards: dict[str, CardState] = field(default_factory=dict)
    seen: set[tuple[UUID, int]] = field(default_factory=set)
    new: list[NewTap] = field(default_factory=list)
    visits: list[NewVisit] = field(default_factory=list)

    def take(self, card: CardState, tap: NewTap) -> None:
        """Take a code as seen."""
        self.seen.add((tap.card, tap.counter))
        self.new.append(tap)
        if tap.counter > card.counter:
            card.counter, card.is_changed = tap.counter, True


class CardIntake:
    """Handles `card.present` and `card.seen`."""

    def __init__(self, keys: FleetKeys) -> None:
        self._keys = keys

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Lock the cards, want the members of those presented, and find late codes that were seen before."""
        taps, bodies = work.part(Taps), [entry.item.body for entry in entries]
        presented = [body.card for body in bodies if isinstance(body, PresentCard)]
        late = [body.card for body in bodies if isinstance(body, CardSeen)]
        for row in queries.lock_cards(session, {card.uid for card in (*presented, *late)}):
            taps.cards[row.uid] = CardState(*row)
        for evidence in presented:
            card = taps.cards.get(evidence.uid)
            if card is not None and card.member is not None:
                work.part(Standings).wanted.add(card.member)
                work.part(Books).want(points_account(card.member))
        taps.seen |= queries.known_taps(session, set(self._codes(late, taps)))

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Open a visit or keep evidence; or say kindly why not."""
        body, kiosk, taps = entry.item.body, entry.caller.kiosk, work.part(Taps)
        assert isinstance(body, PresentCard | CardSeen), "the table of kinds reads every body"
        assert kiosk is not None, "only kiosks see cards"
        card = taps.cards.get(body.card.uid)
        proof = judge(body.card, card, self._keys)
        if card is None or not isinstance(proof, Proof):
            return rejected(proof if isinstance(proof, ErrorCode) else ErrorCode.CARD_UNKNOWN)
        tap = Tapped(card, proof, kiosk, entry.moment)
        return _keep(tap, taps) if isinstance(body, CardSeen) else _open_visit(entry.item.id, tap, work)

    def write(self, session: Session, work: Work, now: datetime) -> None:  # noqa: ARG002
        """Store new taps, raised counters and opened visits."""
        taps = work.part(Taps)
        changed = [card for card in taps.cards.values() if card.is_changed]
        update_rows(session, Card, ("id",), ("counter",), rows=[(card.id, card.counter) for card in changed])
        rows = [(tap.card, tap.counter, tap.kiosk, tap.seen_at, tap.verified_late) for tap in taps.new]
        insert_rows(session, CardTap, ("card", "counter", "kiosk", "seen_at", "verified_late"), rows)
        insert_rows(
            session,
            Visit,
            ("id", "card", "member", "kiosk", "redeems", "opened_at", "ends_at"),
            [(v.id, v.card, v.member, v.kiosk, v.redeems, v.opened_at, v.ends_at) for v in taps.visits],
        )

    def _codes(self, evidence: Sequence[CardEvidence], taps: Taps) -> Iterator[tuple[UUID, int]]:
        for tapped in evidence:
            card = taps.cards.get(tapped.uid)
            proof = judge(tapped, card, self._keys)
            if card is not None and isinstance(proof, Proof) and proof.counter is not None:
                yield card.id, proof.counter


@dataclass(frozen=True, slots=True)
class Tapped:
    """A tap that was judged good."""

    card: CardState
    proof: Proof
    kiosk: str
    moment: Moment

    def code(self, counter: int, *, late: bool) -> NewTap:
        """The dynamic code as it is kept."""
        seen_at = self.moment.effective_at if late else self.moment.received_at
        return NewTap(self.card.id, counter, self.kiosk, seen_at, late)


def _open_visit(request: UUID, tap: Tapped, work: Work) -> Outcome:
    proof, taps = tap.proof, work.part(Taps)
    if not work.part(Standings).members[proof.member].is_active:
        return rejected(ErrorCode.MEMBER_BLOCKED)
    if proof.counter is not None:
        if proof.counter <= tap.card.counter:
            return rejected(ErrorCode.CARD_REPLAYED)
        taps.take(tap.card, tap.code(proof.counter, late=False))
    opened_at = tap.moment.received_at
    visit = NewVisit(derived_id(request, "visit"), tap.card.id, proof.member, tap.kiosk, proof.redeems, opened_at)
    taps.visits.append(visit)
    work.part(Fleet).learn(tap.kiosk, proof.member)
    return applied(visit=str(visit.id), member=str(visit.member), redeems=visit.redeems)


def _keep(tap: Tapped, taps: Taps) -> Outcome:
    # A late counter may be lower than the last one; but the same counter twice is a copied card.
    if tap.proof.counter is not None:
        if (tap.card.id, tap.proof.counter) in taps.seen:
            return rejected(ErrorCode.CARD_REPLAYED)
        taps.take(tap.card, tap.code(tap.proof.counter, late=True))
    return applied()
