"""A second person's yes or no, and carrying out what was approved. Stands above all domains, like endpoints."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.approvals import queries
from hub.approvals.acts import BOOKED, CARRIED, Approved, Carry
from hub.approvals.models import ApprovalRequest
from hub.approvals.rules import is_same_hand
from hub.approvals.service import place_of
from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.intake import ByApproval, Item
from hub.privacy.erasure import call_back
from hub.problems import ProblemError
from hub.requests import asked, once
from hub.staff.service import Principal
from protocol import codec
from protocol.errors import ErrorCode

TRIED_AGAIN = frozenset({ErrorCode.REQUEST_FAILED, ErrorCode.POINTS_RECALLED})
"""What broke the program, and what is on its way back from a kiosk."""

ACTIONS = {"approved": "approval.given", "refused": "approval.refused"}


@dataclass(frozen=True, slots=True)
class Answer:
    """What a second person answers: `state` is `approved` or `refused`."""

    request: UUID
    state: str
    note: str = ""


def answer(
    hub: Hub, principal: Principal, given: Answer, request_id: UUID, *, carried: Mapping[str, Carry] = CARRIED
) -> ApprovalRequest:
    """Take an answer, once; a yes is carried out at once. The same answer can be given again safely.

    `request_id` is the answer's own.

    Raises:
        ProblemError: there is no such request, it is not this principal's to answer, or it was answered already.
    """
    content = f"{given.request} {given.state} {given.note}"
    request = asked(hub, request_id, principal.actor, kind="approval.answered", content=content)
    hub.database.run(lambda session: once(session, request, lambda: _decide(session, hub, principal, given)))
    return carry_out(hub, given.request, carried)


def carry_out(hub: Hub, request: UUID, carried: Mapping[str, Carry] = CARRIED) -> ApprovalRequest:
    """Do what was approved, if that was not done yet; the request as it is then.

    Whoever was killed between a yes and the act leaves it `approved`; this can then be called again.
    """
    with hub.database.read() as session:
        row = session.get_one(ApprovalRequest, request)
    if row.state == "approved":
        if row.kind in BOOKED:
            _book(hub, row)
        else:
            _do(hub, row, carried[row.kind])
        with hub.database.read() as session:
            row = session.get_one(ApprovalRequest, request)
    return row


def carry_on(hub: Hub, now: datetime) -> None:
    """End the waiting of what nobody answered in time, and do what was approved by somebody who was then killed."""
    hub.database.run(lambda session: queries.lapse(session, now))
    with hub.database.read() as session:
        left = queries.approved(session)
    for request in left:
        carry_out(hub, request)


def visible(principal: Principal, row: ApprovalRequest | None) -> ApprovalRequest:
    """The request, to those who act in its store.

    Raises:
        ProblemError: there is none, or it is another store's.
    """
    if row is None:
        raise ProblemError(ErrorCode.APPROVAL_UNKNOWN)
    if principal.stores is not None and row.store not in principal.stores:
        raise ProblemError(ErrorCode.STORE_OUT_OF_SCOPE)
    return row


def _decide(session: Session, hub: Hub, principal: Principal, given: Answer) -> dict[str, Any]:
    row, now = visible(principal, queries.locked(session, given.request)), hub.clock()
    if is_same_hand(queries.hands(session, row.asked_by), queries.hands(session, principal.actor)):
        raise ProblemError(ErrorCode.APPROVAL_OWN)
    if row.state != "waiting":
        _insist_on_the_same(row, principal, given)
        return {"request": str(row.id)}
    if row.lapses_at <= now:
        raise ProblemError(ErrorCode.APPROVAL_LAPSED)
    if not queries.stands(session, row.asked_by, now):
        raise ProblemError(ErrorCode.APPROVAL_WITHDRAWN)
    row.state, row.decided_by, row.decided_at, row.note = given.state, principal.actor, now, given.note
    told = {"kind": row.kind, "asked_by": row.asked_by, "subject": row.subject, "amount": row.amount}
    act = Act(principal.actor, ACTIONS[given.state], str(row.id), {}, told, principal.address, given.note)
    audit(session, act, now, hub.random_bytes)
    return {"request": str(row.id)}


def _insist_on_the_same(row: ApprovalRequest, principal: Principal, given: Answer) -> None:
    said = "refused" if row.state == "refused" else "approved"
    if row.state == "lapsed":
        raise ProblemError(ErrorCode.APPROVAL_LAPSED)
    if (row.decided_by, said) != (principal.actor, given.state):
        raise ProblemError(ErrorCode.APPROVAL_DECIDED)


def _book(hub: Hub, row: ApprovalRequest) -> None:
    outcome = hub.book(
        [
            Item(
                id=row.id,
                kind=row.kind,
                body=codec.decode(hub.vault.unwrap_secret(row.body, place_of(row.id)), BOOKED[row.kind]),
                source=ByApproval(row.asked_by, row.role),
                fingerprint=row.content,
                occurred_at=hub.clock(),
                store=row.store or None,
            )
        ]
    )[0]
    # It is not refused for good: it stays approved, and is tried again.
    if outcome.code not in TRIED_AGAIN:
        hub.database.run(lambda session: _end(session, row.id, outcome.code, outcome.result))


def _do(hub: Hub, row: ApprovalRequest, carry: Carry) -> None:
    approved = Approved(
        row.id,
        row.subject,
        hub.vault.unwrap_secret(row.body, place_of(row.id)),
        row.asked_by,
        row.decided_by,
        row.store or None,
        row.reason,
    )

    def work(session: Session) -> None:
        found = queries.locked(session, row.id)
        if found is not None and found.state == "approved":
            result = carry(session, hub, approved, hub.clock())
            _end(session, row.id, None, result)

    try:
        hub.database.run(work)
    except ProblemError as error:
        code, data = error.code, error.data
        is_coming = code is ErrorCode.ERASURE_VALUE_OUT and call_back(
            hub.database, hub.book, UUID(row.subject), hub.clock()
        )
        # What is on its way back will not be in the way: it stays approved, and is tried again.
        if not is_coming:
            hub.database.run(lambda session: _end(session, row.id, code, data))


def _end(session: Session, request: UUID, code: ErrorCode | None, result: dict[str, Any]) -> None:
    row = queries.locked(session, request)
    if row is not None and row.state == "approved":
        row.state, row.code, row.result = "failed" if code else "done", code, result
