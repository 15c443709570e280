"""Bodies of the finance API: statements, notices, liability and closed months."""

from datetime import UTC, date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AwareDatetime, Field

from hub.schemas import Output
from protocol.values import YEARS

Moment = Annotated[
    AwareDatetime, Field(ge=datetime(YEARS.start, 1, 1, tzinfo=UTC), lt=datetime(YEARS.stop, 1, 1, tzinfo=UTC))
]
Day = Annotated[date, Field(ge=date(YEARS.start, 1, 1), lt=date(YEARS.stop, 1, 1))]


class LotOut(Output):
    """What a movement did to one lot: granted or put back (positive), or taken from it (negative)."""

    lot: UUID
    amount: int
    source: str
    granted_at: datetime
    active_from: datetime
    expires_at: datetime | None


class StatedMovement(Output):
    """One movement, with the balance after it; `explanation` says why, by language."""

    id: UUID
    fact: UUID
    kind: str
    amount: int
    balance: int
    lots: list[LotOut]
    reverses: UUID | None
    reversed_by: list[UUID]
    actor: str
    reason: str
    cause: dict[str, Any]
    explanation: dict[str, str]
    effective_at: datetime
    recorded_at: datetime


class StatementPage(Output):
    """Part of a statement, newest first; `cursor` asks for the next part, and is null at the end."""

    member: UUID
    book: str
    unit: str
    movements: list[StatedMovement]
    cursor: UUID | None


class BalanceAt(Output):
    """What one kind of account held, spendable or not."""

    book: str
    unit: str
    balance: int


class BalancesAtOut(Output):
    """What a member's accounts held at a moment, by what was recorded up to another."""

    member: UUID
    at: datetime
    known_at: datetime
    balances: list[BalanceAt]


class NoticeOut(Output):
    """Value of a member that is about to expire; told once for each account and expiry."""

    member: UUID
    account: UUID
    book: str
    amount: int
    expires_at: datetime
    noticed_at: datetime


class PeriodOut(Output):
    """A closed month and its figures."""

    month: str
    figures: dict[str, Any]
    closed_by: str
    closed_at: datetime
