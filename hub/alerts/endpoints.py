"""The API of alerts."""

from typing import Any, Literal
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.alerts.models import Alert
from hub.alerts.schemas import AlertOut, AlertsOut, CloseIn
from hub.audit.service import Act, audit
from hub.composition import Hub
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.requests import asked, once
from hub.staff.service import Principal
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1/alerts", tags=["alerts"])


@router.get("", response_model=AlertsOut)
def show(hub: TheHub, page: ThePage, state: Literal["open", "seen", "closed"] = "open") -> dict[str, Any]:
    """Alerts in a state, the newest first."""
    query = select(Alert).where(Alert.state == state)
    with hub.database.read() as session:
        return page.of(session, query, (Alert.found_at, Alert.id), shown=_shown, newest_first=True)


@router.post("/{alert}/see", response_model=AlertOut)
def see(alert: UUID, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Take an alert on: somebody looks into it."""
    return _answer(hub, principal, request_id, alert=alert, state="seen", note="")


@router.post("/{alert}/close", response_model=AlertOut)
def close(
    alert: UUID, body: CloseIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Close an alert, and say what came of it. Nobody closes one about themselves."""
    return _answer(hub, principal, request_id, alert=alert, state="closed", note=body.note)


def _answer(hub: Hub, principal: Principal, request_id: UUID, *, alert: UUID, state: str, note: str) -> dict[str, Any]:
    now, request = (
        hub.clock(),
        asked(hub, request_id, principal.actor, kind=f"alert.{state}", content=f"{alert} {note}"),
    )

    def act(session: Session) -> dict[str, Any]:
        found = session.get(Alert, alert, with_for_update=True)
        if found is None:
            raise ProblemError(ErrorCode.ALERT_UNKNOWN)
        if found.subject in {principal.actor, principal.actor.replace("staff:", "person:")}:
            raise ProblemError(ErrorCode.ALERT_OWN)
        if found.state == "closed":
            raise ProblemError(ErrorCode.ALERT_CLOSED)
        change = Act(
            principal.actor,
            f"alert.{state}",
            str(alert),
            {"state": found.state},
            {"state": state, "kind": found.kind},
            principal.address,
            note,
        )
        audit(session, change, now, hub.random_bytes)
        found.state, found.answered_by, found.answered_at, found.note = state, principal.actor, now, note
        return {"id": str(alert)}

    def work(session: Session) -> dict[str, Any]:
        once(session, request, lambda: act(session))
        return _shown(session.get_one(Alert, alert))

    return hub.database.run(work)


def _shown(alert: Alert) -> dict[str, Any]:
    names = ("id", "kind", "severity", "subject", "store", "evidence", "found_at", "state")
    return {name: getattr(alert, name) for name in (*names, "answered_by", "answered_at", "note")}
