"""What is done once a second person says yes, by kind. Stands above all domains, like endpoints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from hub.composition import Hub
from hub.payments.intake import PaymentRefunded
from hub.points.intake import PointsAdjusted
from hub.wallet.intake import TopUpRefunded, WalletClosed


@dataclass(frozen=True, slots=True)
class Approved:
    """An act that may be carried out: what was asked for, by whom, and who said yes. `body` is what `ask` was given."""

    id: UUID
    subject: str
    body: bytes
    asked_by: str
    approved_by: str
    store: str | None
    reason: str


Carry = Callable[[Session, Hub, Approved, datetime], dict[str, Any]]
"""Does an approved act within a transaction, and tells a result: plain JSON, kept, so nothing personal and no secret.

It writes its own entry of the audit log, in the name of who asked. A `ProblemError` that it raises ends the request.
"""

BOOKED: Mapping[str, type[Struct]] = {
    "payment.refunded": PaymentRefunded,
    "points.adjusted": PointsAdjusted,
    "top_up.refunded": TopUpRefunded,
    "wallet.closed": WalletClosed,
}
"""Kinds that are booked, and what their body is read into."""

CARRIED: Mapping[str, Carry] = {}
"""Kinds that a function of their domain carries out: `member.erased`, `members.exported`, `key.made` and their like."""
