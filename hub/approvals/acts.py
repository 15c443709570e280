"""What is done once a second person says yes, by kind. Stands above all domains, like endpoints."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.imports import exporting
from hub.members.models import Member
from hub.payments.intake import PaymentRefunded
from hub.points.intake import PointsAdjusted
from hub.privacy import exports
from hub.privacy.erasure import ERASED, Wish
from hub.problems import ProblemError
from hub.reconciliation.intake import PromiseCompensated
from hub.staff import keys
from hub.wallet.intake import TopUpRefunded, WalletClosed
from protocol import codec
from protocol.errors import ErrorCode


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
    "promise.compensated": PromiseCompensated,
    "top_up.refunded": TopUpRefunded,
    "wallet.closed": WalletClosed,
}
"""Kinds that are booked, and what their body is read into."""


def erase(session: Session, hub: Hub, approved: Approved, now: datetime) -> dict[str, Any]:
    """Erase a member; its kiosks are told to forget."""
    wish = Wish(approved.id, approved.asked_by, approved.approved_by, approved.reason)
    refusal = hub.eraser.erase(session, UUID(approved.subject), wish, now)
    if refusal is not None:
        raise ProblemError(refusal)
    return {"member": approved.subject}


def export(session: Session, hub: Hub, approved: Approved, now: datetime) -> dict[str, Any]:
    """Put everything about a member together, sealed until whoever asked fetches it."""
    member = UUID(approved.subject)
    if session.get(Member, member) is None:
        raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
    refusal = exports.make(session, hub.vault, exports.waiting(approved.id, member, approved.asked_by, now))
    if refusal is not None:
        raise ProblemError(refusal)
    told = {"approved_by": approved.approved_by}
    act = Act(approved.asked_by, exports.EXPORTED, approved.subject, {}, told, reason=approved.reason)
    audit(session, act, now, hub.random_bytes)
    return {"member": approved.subject}


def make_key(session: Session, hub: Hub, approved: Approved, now: datetime) -> dict[str, Any]:
    """Make a key. Nobody is shown its first secret: whoever asked has the key given another one, which ends it."""
    wish = codec.decode(approved.body, keys.Wish)
    key, _secret = keys.make(session, wish, approved.asked_by, now=now, random=hub.random_bytes)
    return {"key": str(key.id)}


def export_members(session: Session, hub: Hub, approved: Approved, now: datetime) -> dict[str, Any]:
    """Have a file of members put together with personal data in clear."""
    wanted = codec.decode(approved.body, exporting.Wanted)
    exporting.begin(session, approved.id, wanted, actor=approved.asked_by, now=now)
    told = wanted.filters | {"format": wanted.format, "approved_by": approved.approved_by, "masked": False}
    act = Act(approved.asked_by, exporting.EXPORTED, str(approved.id), {}, told, reason=approved.reason)
    audit(session, act, now, hub.random_bytes)
    return {"export": str(approved.id)}


CARRIED: Mapping[str, Carry] = {
    exporting.EXPORTED: export_members,
    ERASED: erase,
    exports.EXPORTED: export,
    keys.KEY_MADE: make_key,
}
"""Kinds that a function of their domain carries out: those that no booking does."""
