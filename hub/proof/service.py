"""Proves that the union of all journals equals the ledger, a journal at a time, from where it was proved before.

Forwards, every place of every journal is there once, hashes on from the one before, and moved what it had to move.
Backwards, whatever the ledger says a kiosk moved names an applied fact of that kiosk. It can be cut off at any moment:
each journal's mark is stored when the journal is done.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from hub.db.session import Database
from hub.fleet import queries as fleet
from hub.fleet.models import Stream
from hub.intake import RandomBytes
from hub.ledger.queries import SETTLED_AFTER
from hub.proof import queries
from hub.proof.models import JournalMark, JournalProof
from hub.proof.rules import Gap, Step, Walk, effects
from protocol.ids import event_id

TOLD_MAX = 100
"""Most faults that are named; the others are counted."""


@dataclass(slots=True)
class Found:
    """What a run has found so far."""

    journals: int = 0
    facts: int = 0
    transfers: int = 0
    faults: int = 0
    told: list[str] = field(default_factory=list)

    def fault(self, text: str) -> None:
        """Note that something is wrong."""
        self.faults += 1
        if len(self.told) < TOLD_MAX:
            self.told.append(text)


@dataclass(frozen=True, slots=True)
class JournalProver:
    """Runs the proof on one database."""

    database: Database
    random: RandomBytes

    def run(self, now: datetime, *, is_full: bool = False) -> JournalProof:
        """Prove what has come since the last run, or everything; what came of it is stored and returned."""
        found = Found()
        with self.database.read() as session:
            journals = queries.journals(session)
            marks = {} if is_full else _places(queries.marks(session))
            known = _places(queries.marks(session))
            since = None if is_full else queries.proved_until(session)
        for journal in journals:
            self._prove_journal(journal, marks, known, found=found, now=now)
        until = now - SETTLED_AFTER
        before = found.faults
        with self.database.snapshot() as session:
            _prove_backwards(session, since, until, found)
        return self._store(found, now, is_full=is_full, upto=until if found.faults == before else None)

    def _prove_journal(
        self,
        journal: tuple[str, UUID],
        marks: Mapping[tuple[str, UUID], tuple[int, bytes]],
        known: Mapping[tuple[str, UUID], tuple[int, bytes]],
        *,
        found: Found,
        now: datetime,
    ) -> None:
        before = found.faults
        walk = Walk(*marks[journal]) if journal in marks else Walk()
        if journal in known:
            walk.known = dict([known[journal]])
        with self.database.snapshot() as session:
            _walk(session, journal, walk, found)
        found.journals += 1
        is_further = journal not in known or walk.seq > known[journal][0]
        if found.faults == before and walk.hash is not None and is_further:
            mark = JournalMark(kiosk=journal[0], epoch=journal[1], seq=walk.seq, hash=walk.hash, at=now)
            self.database.run(lambda session: session.merge(mark) and None)

    def _store(self, found: Found, now: datetime, *, is_full: bool, upto: datetime | None) -> JournalProof:
        proof = JournalProof(
            id=event_id(int(now.timestamp() * 1000), self.random(10)),
            at=now,
            is_full=is_full,
            journals=found.journals,
            facts=found.facts,
            transfers=found.transfers,
            faults=found.faults,
            told=found.told,
            upto=upto,
        )
        self.database.run(lambda session: session.add(proof))
        return proof


def _places(marks: Mapping[tuple[str, UUID], JournalMark]) -> dict[tuple[str, UUID], tuple[int, bytes]]:
    return {journal: (mark.seq, mark.hash) for journal, mark in marks.items()}


def _walk(session: Session, journal: tuple[str, UUID], walk: Walk, found: Found) -> None:
    kiosk, epoch = journal
    name = f"journal {epoch} of {kiosk}: "
    stream = session.get_one(Stream, journal)
    gaps = fleet.gaps(session, {kiosk})
    walk.gaps = {gap.first: Gap(gap.first, gap.last, gap.hash) for gap in gaps if gap.epoch == epoch}
    for piece in queries.events(session, kiosk, epoch, walk.seq):
        found.facts += len(piece)
        for row in piece:
            for fault in walk.go_on(Step(row.seq, row.raw)):
                found.fault(name + fault)
        for fault in _wrong_effects(session, piece):
            found.fault(name + fault)
    for fault in walk.end(stream.upto, stream.hash):
        found.fault(name + fault)


class _Event(msgspec.Struct):
    """What a stored event says of itself; the rest was read when it came."""

    seq: int
    id: UUID
    kind: str
    body: dict[str, Any]


def _wrong_effects(session: Session, piece: list[Any]) -> Iterator[str]:
    wanted: dict[UUID, tuple[int, int]] = {}
    for row in piece:
        if row.raw is None or row.kind == "event.unreadable":
            continue
        event = _read(row.raw)
        if event is None or (event.seq, event.kind) != (row.seq, row.kind):
            yield f"place {row.seq} is stored as what its bytes do not say"
        elif row.verdict == "applied" and event.id == row.id:
            for effect in effects(row.id, row.kind, event.body, row.result):
                wanted[effect.transfer] = (row.seq, effect.amount)
    moved = queries.amounts(session, wanted.keys()) if wanted else {}
    for transfer, (seq, amount) in wanted.items():
        if moved.get(transfer) != amount:
            yield f"place {seq} should have moved {amount}, and moved {moved.get(transfer, 0)}"


def _read(raw: bytes) -> _Event | None:
    try:
        return msgspec.json.decode(raw, type=_Event)
    except msgspec.DecodeError:
        return None


def _prove_backwards(session: Session, since: datetime | None, until: datetime, found: Found) -> None:
    for piece in queries.kiosks_transfers(session, since, until):
        found.transfers += len(piece)
        acts = {row.id: row for row in queries.acts(session, {row.fact for row in piece})}
        for row in piece:
            act = acts.get(row.fact)
            if act is None or act.verdict != "applied" or f"{queries.KIOSK}{act.kiosk}" != row.actor:
                found.fault(f"transfer {row.id} names an act of {row.actor} that is not among the facts")
