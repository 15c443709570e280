"""A member's statement of stored value: every movement with the balance after it, as lines and as CSV. Pure."""

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from io import StringIO
from typing import Any
from zoneinfo import ZoneInfo

from hub.wallet.rules import Split

COLUMNS = (
    *("at", "kind", "store", "receipt", "reason", "principal", "bonus", "principal_balance", "bonus_balance"),
    *("balance",),
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What a spreadsheet takes for the beginning of a formula (OWASP, CSV injection)."""

BYTE_ORDER_MARK = "\ufeff"
"""Without it Excel reads UTF-8 as the code page of its machine."""


@dataclass(frozen=True, slots=True)
class Line:
    """One movement: what it changed, in minor units, and what the member had after it.

    `store` and `receipt` are empty where no till was involved: value that expired, or was set aside.
    """

    at: datetime
    kind: str
    store: str
    receipt: str
    reason: str
    principal: int
    bonus: int
    principal_balance: int
    bonus_balance: int

    @property
    def balance(self) -> int:
        """Principal and bonus together."""
        return self.principal_balance + self.bonus_balance


def lines(rows: Iterable[Any], before: Split) -> list[Line]:
    """Movements, oldest first, with running balances that begin at what the member had before them."""
    shown, principal, bonus = [], before.principal, before.bonus
    for row in rows:
        principal, bonus = principal + row.principal, bonus + row.bonus
        shown.append(
            Line(
                at=row.at,
                kind=row.kind,
                store=row.store or "",
                receipt=row.receipt or "",
                reason=row.reason,
                principal=row.principal,
                bonus=row.bonus,
                principal_balance=principal,
                bonus_balance=bonus,
            )
        )
    return shown


def csv_of(statement: Sequence[Line], zone: ZoneInfo) -> str:
    """The statement as CSV (RFC 4180) with a heading; times are local to the chain, text never begins a formula."""
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    for line in statement:
        at = line.at.astimezone(zone).isoformat(sep=" ", timespec="seconds")
        told = (_harmless(cell) for cell in (line.kind, line.store, line.receipt, line.reason))
        figures = (line.principal, line.bonus, line.principal_balance, line.bonus_balance, line.balance)
        writer.writerow((at, *told, *figures))
    return BYTE_ORDER_MARK + text.getvalue()


def _harmless(cell: str) -> str:
    return f"'{cell}" if cell.startswith(_FORMULA) else cell
