"""All SQL of the proof. What may be long is read as a stream, a few thousand rows at a time."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from hub.booking.models import Fact
from hub.db.reading import Rows, among
from hub.fleet.models import Stream
from hub.ledger.models import Transfer
from hub.proof.models import JournalMark, JournalProof

PIECE_ROWS = 2_000
"""Rows that are in memory at once."""

KIOSK = "kiosk:"
"""What the name of a kiosk begins with where it stands as an actor."""


def journals(session: Session) -> list[tuple[str, UUID]]:
    """Every journal that anything is booked of."""
    query = select(Stream.kiosk, Stream.epoch).where(Stream.upto > 0).order_by(Stream.kiosk, Stream.epoch)
    return [(row.kiosk, row.epoch) for row in session.execute(query)]


def events(session: Session, kiosk: str, epoch: UUID, after: int) -> Iterator[list[Any]]:
    """A journal's events behind a place, in order and by pieces."""
    query = (
        select(Fact.seq, Fact.id, Fact.kind, Fact.verdict, Fact.result, Fact.raw)
        .where(Fact.kiosk == kiosk, Fact.epoch == epoch, Fact.seq > after)
        .order_by(Fact.seq)
    )
    return _pieces(session, query)


def amounts(session: Session, transfers: Collection[UUID]) -> dict[UUID, int]:
    """How much each of these transfers moved."""
    query = select(Transfer.id, Transfer.amount).where(among(session, Transfer.id, transfers))
    return {row.id: row.amount for row in session.execute(query)}


def kiosks_transfers(session: Session, since: datetime | None, until: datetime) -> Iterator[list[Any]]:
    """Transfers that name a kiosk as their actor and were recorded in a time, by pieces and in no order."""
    query = select(Transfer.id, Transfer.fact, Transfer.actor).where(
        Transfer.recorded_at < until, Transfer.actor.startswith(KIOSK, autoescape=True)
    )
    return _pieces(session, query if since is None else query.where(Transfer.recorded_at >= since))


def acts(session: Session, facts: Collection[UUID]) -> Rows:
    """Who brought these facts, and what became of them."""
    return session.execute(select(Fact.id, Fact.kiosk, Fact.verdict).where(among(session, Fact.id, facts)))


def marks(session: Session) -> dict[tuple[str, UUID], JournalMark]:
    """How far each journal is proved."""
    return {(mark.kiosk, mark.epoch): mark for mark in session.execute(select(JournalMark)).scalars()}


def last(session: Session) -> JournalProof | None:
    """What came of the last run."""
    return session.execute(select(JournalProof).order_by(JournalProof.at.desc()).limit(1)).scalar_one_or_none()


def proved_until(session: Session) -> datetime | None:
    """Until when the ledger's entries are proved to come from journaled acts."""
    query = select(JournalProof.upto).where(JournalProof.upto.is_not(None))
    return session.execute(query.order_by(JournalProof.upto.desc()).limit(1)).scalar_one_or_none()


def _pieces(session: Session, query: Select[*tuple[Any, ...]]) -> Iterator[list[Any]]:
    streamed = session.execute(query.execution_options(yield_per=PIECE_ROWS))
    return (list(piece) for piece in streamed.partitions())
