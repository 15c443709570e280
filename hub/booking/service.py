"""Booking: let items in, load and lock what they touch, decide them in order, write everything. One transaction.

No thread and no clock here: the API's queue, the ingest worker and the simulation are thin drivers of `Booking.book`.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count
from uuid import UUID

import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from hub.approvals import service as approvals_service
from hub.audit.service import audit_all
from hub.booking import again, queries
from hub.booking.admission import Admission, KnownFact
from hub.booking.behind import Behind, kiosks_reporting
from hub.booking.models import Fact
from hub.booking.news import news_of
from hub.day_end import service as day_end_service
from hub.db.bulk import insert_rows
from hub.db.driver import pipelined
from hub.db.reading import NOTHING
from hub.db.session import Database, RaceLostError, lost_a_race, wake
from hub.fleet import service as fleet_service
from hub.fleet.rules import StreamState
from hub.fleet.service import Fleet
from hub.intake import (
    ByKey,
    ByKiosk,
    Entry,
    Intake,
    Item,
    Outcome,
    RandomBytes,
    Verdict,
    Work,
    parked,
    rejected,
    waiting,
)
from hub.leases.passing import other_side
from hub.leases.recalls import call_back
from hub.ledger import service as ledger_service
from hub.ledger.rules import Books
from hub.members.vault import Vault
from hub.merges import service as merges_service
from hub.points.service import POINTS
from hub.programme import service as programme_service
from hub.programme.service import Programme, Terms
from hub.reconciliation import service as reconciliation_service
from hub.restores import service as restores_service
from hub.restores.rules import spends
from hub.restores.service import Waiting
from hub.rewards import service as rewards_service
from hub.rewards.service import Rewards
from hub.staff import service as staff_service
from hub.stores import service as stores_service
from hub.stores.service import Places
from hub.tiers import service as tiers_service
from hub.tiers.service import Standings
from hub.webhooks import service as webhooks_service
from hub.webhooks.service import Audience
from protocol.errors import ErrorCode

BATCH_MAX_ITEMS = 500
"""Most items in one transaction: beyond it throughput hardly grows, and everybody in it waits for the last."""

PIPELINE_MAX_ITEMS = 64
"""Up to so many items it is quicker to send rows as documents without waiting than to copy them table by table."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Booked:
    """What became of a batch, in its order; `news` tells that there is something to send to kiosks.

    `recalls` call back what lies at kiosks and is wanted here.
    """

    outcomes: list[Outcome]
    streams: dict[tuple[str, UUID], StreamState]
    news: bool
    recalls: list[Item] = field(default_factory=list)


class Booking:
    """Books batches. `intakes` says which domain handles which kind."""

    def __init__(
        self, database: Database, intakes: Mapping[str, Intake], random_bytes: RandomBytes, *, vault: Vault
    ) -> None:
        self._database = database
        self._vault = vault
        self._intakes = intakes
        self._random_bytes = random_bytes
        self._terms = Terms()

    def book(self, items: Sequence[Item], now: datetime) -> Booked:
        """Book a batch, all or nothing. An item that breaks the program is found by halving and set aside alone.

        What has to be called back from kiosks is booked afterwards: kiosks are locked before all else.
        """
        booked = self._book_all(items, now)
        if booked.recalls:
            news = self._book_all(booked.recalls, now).news
            booked = replace(booked, news=booked.news or news, recalls=[])
        return booked

    def _book_all(self, items: Sequence[Item], now: datetime) -> Booked:
        tries = count()
        try:
            return self._database.run(lambda session: self._book(session, items, now, follows=next(tries) > 0))
        except Exception as error:
            if isinstance(error, RaceLostError):
                raise
            if isinstance(error, DBAPIError) and (lost_a_race(error) or error.connection_invalidated):
                raise
            log.exception("booking failed", items=len(items), first=str(items[0].id), kind=items[0].kind)
        if len(items) == 1:
            return self._database.run(lambda session: self._set_aside(session, items[0], now))
        half = len(items) // 2
        first, second = self._book_all(items[:half], now), self._book_all(items[half:], now)
        streams, recalls = first.streams | second.streams, first.recalls + second.recalls
        return Booked(first.outcomes + second.outcomes, streams, first.news or second.news, recalls)

    def _book(self, session: Session, items: Sequence[Item], now: datetime, *, follows: bool) -> Booked:
        work = Work(self._random_bytes)
        admission = self._admit(session, items, now, work)
        if follows:
            # A first try takes it that nobody named was merged, which costs nothing and is found out under the locks.
            admission.entries = merges_service.followed(session, admission.entries)
        intakes = self._load(session, admission, work)
        decided = self._decide(admission, work)
        recalls = call_back(session, decided, now)
        final = [pair for pair in decided.values() if pair[1].verdict is not Verdict.WAITING]
        reconciliation_service.note(session, _newly_rejected(admission, decided), work, now)
        with pipelined(session) if len(final) <= PIPELINE_MAX_ITEMS else nullcontext():
            _write_facts(session, again.settle(session, work.part(Fleet), final))
            ledger_service.write(session, work.part(Books), now)
            tiers_service.write(session, work.part(Standings))
            rewards_service.write(session, work.part(Rewards))
            for intake in intakes:
                intake.write(session, work, now)
            approvals_service.write(session, self._vault, work, now)
            if work.part(Audience).subscribed:
                webhooks_service.tell(session, news_of(final, work, now), work.part(Audience).subscribed)
        audit_all(session, admission.forks, now, self._random_bytes)
        day_end_service.note_late(session, work.part(Books), work.part(Places).zone, now)
        news = self._tell(session, work, now)
        outcomes = admission.told | {number: outcome for number, (_entry, outcome) in decided.items()}
        return Booked([outcomes[number] for number in range(len(items))], _streams(work.part(Fleet)), news, recalls)

    def _admit(self, session: Session, items: Sequence[Item], now: datetime, work: Work) -> Admission:
        fleet = work.part(Fleet)
        fleet.wanted.update(kiosk for item in items for kiosk in _kiosks_of(item))
        hashes = {item.source.key_hash for item in items if isinstance(item.source, ByKey)}
        with pipelined(session):
            kiosks = fleet_service.ask(session, fleet)
            principals = staff_service.ask_principals(session, hashes, now)
            facts = queries.ask_facts(session, {item.id for item in items})
            subscribed = webhooks_service.ask_subscribed(session)
        kiosks.answer()
        known = {
            row.id: KnownFact(row.fingerprint, Outcome(Verdict(row.verdict), _code(row.code), row.result))
            for row in facts.answer()
        }
        callers = principals.answer()
        staff_service.touch(session, callers.values(), now)
        admission = Admission(fleet, callers, known, now)
        for number, item in enumerate(items):
            admission.admit(number, item)
        work.part(Audience).subscribed = subscribed.answer()
        return admission

    def _load(self, session: Session, admission: Admission, work: Work) -> list[Intake]:
        places = work.part(Places)
        by_intake: dict[Intake, list[Entry]] = {}
        for entry in admission.entries.values():
            places.wanted.add(entry.caller.store)
            by_intake.setdefault(self._intakes[entry.item.kind], []).append(entry)
        # One order for every batch, whatever it contains: locks are always taken in the same sequence.
        intakes = [intake for intake in dict.fromkeys(self._intakes.values()) if intake in by_intake]
        if intakes:
            is_spending = any(spends(entry.item.kind, entry.item.body) for entry in admission.entries.values())
            reporting = kiosks_reporting(admission.entries.values())
            with pipelined(session):
                newest, chain = programme_service.ask_revision(session), stores_service.ask(session, places)
                awaited = restores_service.ask_waiting(session) if is_spending else None
                behind = queries.ask_parked(session, reporting) if reporting else NOTHING
            chain.answer()
            # More than one thread may book; each goes by the terms that it has read itself.
            terms = self._terms = programme_service.at_revision(session, newest.answer(), self._terms)
            work.part(Programme).terms = terms
            work.part(Waiting).is_waiting = awaited is not None and awaited.answer()
            work.part(Behind).load(behind.answer())
        approvals_service.load(session, list(admission.entries.values()), work)
        for intake in intakes:
            intake.load(session, by_intake[intake], work)
        if intakes:
            # Standings are read after the accounts are locked, so they cannot change under a booking.
            with pipelined(session):
                books = ledger_service.ask(session, work.part(Books))
                standings = tiers_service.ask(session, work.part(Standings))
            books.answer()
            standings.answer()
            merges_service.insist(admission.entries.values(), work.part(Standings))
        return intakes

    def _decide(self, admission: Admission, work: Work) -> dict[int, tuple[Entry, Outcome]]:
        decided: dict[int, tuple[Entry, Outcome]] = {}
        first_time: dict[UUID, KnownFact] = {}
        is_waiting = work.part(Waiting).is_waiting
        for number, entry in admission.entries.items():
            item = entry.item
            if item.id in first_time:
                admission.repeat(number, entry, first_time[item.id])
                continue
            if is_waiting and spends(item.kind, item.body):
                decided[number] = (entry, waiting(ErrorCode.REDEEM_RESTORED))
                continue
            outcome = self._decide_one(entry, work)
            if outcome.verdict is not Verdict.WAITING:
                first_time[item.id] = KnownFact(item.fingerprint, outcome)
            decided[number] = (entry, outcome)
        return decided | admission.settled

    def _decide_one(self, entry: Entry, work: Work) -> Outcome:
        behind = work.part(Behind)
        waits = behind.is_waited_for(entry)
        outcome = parked(ErrorCode.EVENT_BEHIND) if waits else self._intakes[entry.item.kind].decide(entry, work)
        behind.note(entry, outcome)
        return outcome

    def _tell(self, session: Session, work: Work, now: datetime) -> bool:
        accounts = work.part(Books).accounts.values()
        versions = {a.owner: a.version for a in accounts if a.is_changed and a.book == POINTS}
        versions |= reconciliation_service.raise_versions(session, work)
        news = fleet_service.write(session, work.part(Fleet), versions, now)
        if news:
            wake(session)
        return news

    def _set_aside(self, session: Session, item: Item, now: datetime) -> Booked:
        """Park an event that breaks the program, so that the ones behind it can go on; tell a request it failed."""
        work = Work(self._random_bytes)
        admission = self._admit(session, [item], now, work)
        for number, entry in admission.entries.items():
            if item.again is not None:
                admission.told[number] = parked(ErrorCode.EVENT_FAILED)
            elif item.raw is None:
                admission.told[number] = rejected(ErrorCode.REQUEST_FAILED)
            else:
                admission.settled[number] = (entry, parked(ErrorCode.EVENT_FAILED))
        _write_facts(session, list(admission.settled.values()))
        fleet_service.write(session, work.part(Fleet), {}, now)
        outcome = admission.told.get(0) or admission.settled[0][1]
        return Booked([outcome], _streams(work.part(Fleet)), news=False)


def _newly_rejected(admission: Admission, decided: Mapping[int, tuple[Entry, Outcome]]) -> list[tuple[Entry, Outcome]]:
    """Events that are rejected now; what was rejected before and only comes again is not among them."""
    return [
        (entry, outcome)
        for number, (entry, outcome) in decided.items()
        if outcome.verdict is Verdict.REJECTED
        and entry.item.raw is not None
        and (number not in admission.settled or outcome.code is ErrorCode.EVENT_CONFLICT)
    ]


def _kiosks_of(item: Item) -> Iterator[str]:
    """Kiosks that take part in an item: who brings it, to whom it lends, whose lease it names, who passed it on."""
    kiosk: str | None = item.source.kiosk if isinstance(item.source, ByKiosk) else getattr(item.body, "kiosk", None)
    if kiosk is not None:
        yield kiosk
    other = other_side(item.body)
    if other is not None:
        yield other[0]


def _code(code: str | None) -> ErrorCode | None:
    return None if code is None else ErrorCode(code)


def _streams(fleet: Fleet) -> dict[tuple[str, UUID], StreamState]:
    return {(kiosk.id, epoch): stream for kiosk in fleet.kiosks.values() for epoch, stream in kiosk.streams.items()}


def _write_facts(session: Session, decided: Sequence[tuple[Entry, Outcome]]) -> None:
    insert_rows(
        session,
        Fact,
        (
            *("id", "kind", "actor", "fingerprint", "verdict", "code", "result", "kiosk", "epoch", "seq", "raw"),
            *("occurred_at", "received_at", "effective_at"),
        ),
        [_fact_row(entry, outcome) for entry, outcome in decided],
    )


def _fact_row(entry: Entry, outcome: Outcome) -> tuple[object, ...]:
    item, moment = entry.item, entry.moment
    place = item.source.place if isinstance(item.source, ByKiosk) else None
    return (
        item.id,
        item.kind,
        entry.caller.actor,
        item.fingerprint,
        outcome.verdict.value,
        outcome.code,
        outcome.result,
        entry.caller.kiosk,
        place.epoch if place else None,
        place.seq if place else None,
        item.raw,
        item.occurred_at,
        moment.received_at,
        moment.effective_at,
    )
