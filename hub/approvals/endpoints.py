"""The API of second persons: what waits for one, and their answers."""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.approvals.answers import Answer, answer, visible
from hub.approvals.models import ApprovalRequest
from hub.approvals.schemas import ApprovalOut, ApprovalsOut, ApproveIn, RefuseIn
from hub.pages import ThePage
from hub.problems import ProblemError
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1/approvals", tags=["approvals"])

State = Literal["waiting", "approved", "done", "failed", "refused", "lapsed"]


@router.get("", response_model=ApprovalsOut)
def show(hub: TheHub, principal: ThePrincipal, page: ThePage, state: State = "waiting") -> dict[str, Any]:
    """Requests in a state, the oldest first: those of the caller's stores."""
    query = select(ApprovalRequest).where(ApprovalRequest.state == state)
    if principal.stores is not None:
        query = query.where(ApprovalRequest.store.in_(sorted(principal.stores)))
    with hub.database.read() as session:
        return page.of(session, query, (ApprovalRequest.asked_at, ApprovalRequest.id), shown=_shown)


@router.get("/{request}", response_model=ApprovalOut)
def show_one(request: UUID, hub: TheHub, principal: ThePrincipal) -> dict[str, Any]:
    """One request, and what became of it."""
    with hub.database.read() as session:
        return _shown(visible(principal, session.get(ApprovalRequest, request)))


@router.post("/{request}/approve", response_model=ApprovalOut)
def approve(
    request: UUID, body: ApproveIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Say yes to what another person asked for; it is done at once, in the name of who asked."""
    row = answer(hub, principal, Answer(request, "approved", body.note), request_id)
    if row.state == "failed":
        raise ProblemError(ErrorCode(row.code or ErrorCode.REQUEST_FAILED), **row.result)
    return _shown(row)


@router.post("/{request}/refuse", response_model=ApprovalOut)
def refuse(
    request: UUID, body: RefuseIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Say no to what another person asked for."""
    return _shown(answer(hub, principal, Answer(request, "refused", body.note), request_id))


def _shown(row: ApprovalRequest) -> dict[str, Any]:
    names = ("kind", "state", "store", "subject", "amount", "alone_max", "reason", "asked_by", "asked_at", "lapses_at")
    answered = ("decided_by", "decided_at", "note", "code", "result")
    return {"request": row.id} | {name: getattr(row, name) for name in (*names, *answered)}
