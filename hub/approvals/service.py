"""Requests that wait for a second person, as other domains make them, and as bookings meet them.

What a domain does alone, always or up to an amount, stays its own business: it asks here instead of acting, and says in
`hub.approvals.acts` how the act is carried out once another person has said yes.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.approvals import queries
from hub.approvals.models import ApprovalRequest
from hub.approvals.rules import LIMITED, LIMITS, ApprovalPolicy, Limit
from hub.intake import Entry, Item, Outcome, Verdict, Work
from hub.members.vault import Vault
from hub.problems import ProblemError
from hub.programme.service import Programme, Terms, in_force
from protocol import codec
from protocol.errors import ErrorCode

REFUSALS = {"refused": ErrorCode.APPROVAL_REFUSED, "lapsed": ErrorCode.APPROVAL_LAPSED}


@dataclass(frozen=True, slots=True)
class Waiting:
    """An act that is to wait: its id is that of the request, made by whoever asks.

    `body` is all that carrying it out needs, as JSON; it is stored sealed. `content` tells it from any other body: its
    digest, a keyed one where the body is personal. `subject` and `reason` are shown to those who answer, so they name
    ids and hold nothing personal. `store` None is the chain's: only who acts everywhere answers. `amount` and
    `alone_max` tell why it waits, where the kind has a limit.
    """

    id: UUID
    kind: str
    subject: str
    body: bytes
    content: bytes
    asked_by: str
    role: str = ""
    store: str | None = None
    reason: str = ""
    amount: int = 0
    alone_max: int = 0


def ask(session: Session, vault: Vault, wish: Waiting, now: datetime) -> dict[str, Any]:
    """Have an act wait for a second person; asked again, tell what became of it.

    Returns what the caller is told with status 202, `request` and `state`, and the result once it was carried out.

    Raises:
        ProblemError: the id was used for something else, or the request was refused, has lapsed or has failed.
    """
    known = session.get(ApprovalRequest, wish.id)
    if known is None:
        queries.insert(session, [_row(wish, vault, in_force(session), now)])
        return told(wish.id, "waiting")
    if (known.kind, known.content, known.asked_by) != (wish.kind, wish.content, wish.asked_by):
        raise ProblemError(ErrorCode.REQUEST_CONFLICT)
    if known.state in REFUSALS:
        raise ProblemError(REFUSALS[known.state])
    if known.state == "failed":
        raise ProblemError(ErrorCode(known.code or ErrorCode.REQUEST_FAILED), **known.result)
    return told(wish.id, known.state) | known.result


def told(request: UUID, state: str) -> dict[str, Any]:
    """What whoever asked is told."""
    return {"request": str(request), "state": state}


def place_of(request: UUID) -> str:
    """Place of a request's body, as the vault names it."""
    return f"approval_requests|{request}|body"


@dataclass(frozen=True, slots=True)
class Known:
    """A request that a booking meets again."""

    state: str
    content: bytes
    decided_by: str


@dataclass(slots=True)
class Approvals:
    """Part of a booking's working set: requests that were known before, and those that begin to wait now."""

    known: dict[UUID, Known] = field(default_factory=dict)
    new: dict[UUID, Waiting] = field(default_factory=dict)

    def approved_by(self, item: Item) -> str:
        """Who said yes to an item; empty where nobody had to."""
        known = self.known.get(item.id)
        return known.decided_by if known else ""


def load(session: Session, entries: Sequence[Entry], work: Work) -> None:
    """Find out which of these were asked for before; only kinds with a limit are looked up."""
    ids = {entry.item.id for entry in entries if entry.item.kind in LIMITED}
    if ids:
        found = queries.states(session, ids)
        work.part(Approvals).known = {row.id: Known(row.state, row.content, row.decided_by) for row in found}


def held_back(entry: Entry, subject: UUID, amount: int, work: Work, *, alone_max: int) -> Outcome | None:
    """What becomes of an act that may not be booked now; None where it may.

    It waits if the amount is beyond `alone_max`, which the caller may do alone, and nobody has said yes to it yet.
    """
    part, item = work.part(Approvals), entry.item
    known = part.known.get(item.id)
    if known is None and item.id in part.new:
        known = Known("waiting", part.new[item.id].content, "")
    if known is not None:
        return _held_back_again(item, known)
    if amount <= alone_max:
        return None
    part.new[item.id] = Waiting(
        item.id,
        item.kind,
        str(subject),
        codec.encode(item.body),
        item.fingerprint,
        entry.caller.actor,
        entry.caller.role,
        entry.caller.store,
        getattr(item.body, "reason", ""),
        amount,
        alone_max,
    )
    return Outcome(Verdict.WAITING, None, told(item.id, "waiting"))


def write(session: Session, vault: Vault, work: Work, now: datetime) -> None:
    """Store what begins to wait."""
    new = work.part(Approvals).new.values()
    queries.insert(session, [_row(wish, vault, work.part(Programme).terms, now) for wish in new])


def paid_out_alone(entry: Entry, work: Work) -> int:
    """Most money that a caller may pay out alone with this kind of booking."""
    kind = entry.item.kind
    set_by_term = work.part(Programme).terms.one("approvals", kind, Limit)
    limit: Limit = LIMITS[kind] if set_by_term is None else set_by_term.document
    return limit.of(entry.caller.role)


def _held_back_again(item: Item, known: Known) -> Outcome | None:
    if known.content != item.fingerprint:
        return Outcome(Verdict.WAITING, ErrorCode.REQUEST_CONFLICT)
    if known.state in REFUSALS:
        return Outcome(Verdict.WAITING, REFUSALS[known.state])
    return Outcome(Verdict.WAITING, None, told(item.id, "waiting")) if known.state == "waiting" else None


def _row(wish: Waiting, vault: Vault, terms: Terms, now: datetime) -> dict[str, Any]:
    lapses_at = now + timedelta(days=terms.policy("approvals", ApprovalPolicy).days)
    return {
        "id": wish.id,
        "kind": wish.kind,
        "state": "waiting",
        "store": wish.store or "",
        "subject": wish.subject,
        "amount": wish.amount,
        "alone_max": wish.alone_max,
        "asked_by": wish.asked_by,
        "role": wish.role,
        "reason": wish.reason,
        "content": wish.content,
        "body": vault.wrap_secret(wish.body, place_of(wish.id)),
        "asked_at": now,
        "lapses_at": lapses_at,
        "decided_by": "",
        "decided_at": None,
        "note": "",
        "code": None,
        "result": {},
    }
