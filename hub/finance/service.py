"""The close of a month: its figures are taken once, when it is over and the books are right, and never change."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy.orm import Session

from hub.audit.service import Act, audit
from hub.db.session import Database
from hub.finance.liability import liability
from hub.finance.models import Period
from hub.finance.rules import next_month
from hub.intake import RandomBytes
from hub.ledger import queries
from hub.ledger import service as ledger
from protocol.errors import ErrorCode


@dataclass(frozen=True, slots=True)
class Closing:
    """A month that was closed, or why it was not."""

    period: Period | None = None
    refusal: ErrorCode | None = None


def close(database: Database, month: date, *, actor: str, now: datetime, random_bytes: RandomBytes) -> Closing:
    """Close a month, named by its first day; months are counted in UTC, by when transfers were recorded.

    Nothing that is recorded from now on falls into it: transactions under way had `SETTLED_AFTER` to end.
    """
    end = queries.begin_of(next_month(month))
    if now < end + queries.SETTLED_AFTER:
        return Closing(refusal=ErrorCode.PERIOD_NOT_OVER)
    with database.snapshot() as session:
        if session.get(Period, month) is not None:
            return Closing(refusal=ErrorCode.PERIOD_CLOSED)
        figures = _figures(session, end - queries.INSTANT)
    if figures is None:
        return Closing(refusal=ErrorCode.BOOKS_WRONG)
    period = Period(month=month, figures=figures, closed_by=actor, closed_at=now)

    def work(session: Session) -> Closing:
        if session.get(Period, month) is not None:
            return Closing(refusal=ErrorCode.PERIOD_CLOSED)
        session.add(period)
        audit(session, Act(actor, "period.closed", f"{month:%Y-%m}", {}, {"at": figures["at"]}), now, random_bytes)
        session.flush()
        return Closing(period)

    return database.run(work)


def _figures(session: Session, at: datetime) -> dict[str, Any] | None:
    """The figures of a moment, with the proof that they come from right books; None where the books are wrong."""
    proof = ledger.prove(session)
    figures = liability(session, at)
    if proof.faults or any(figures["difference"].values()):
        return None
    return figures | {"proof": {"accounts": proof.accounts, "transfers": proof.transfers}}
