"""The API of the audit log."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse

from hub.access import TheHub
from hub.audit.models import AuditEntry
from hub.audit.queries import Wanted, entries, export, fields
from hub.audit.schemas import AuditsOut, Moment
from hub.pages import ThePage

LINES = "application/x-ndjson"

router = APIRouter(prefix="/v1/audit", tags=["audit"])

Exact = Annotated[str | None, Query(max_length=64)]


async def wanted_of(
    actor: Exact = None,
    action: Exact = None,
    subject: Exact = None,
    *,
    since: Annotated[Moment | None, Query(alias="from")] = None,
    until: Annotated[Moment | None, Query(alias="to")] = None,
) -> Wanted:
    """Which entries this request asks for."""
    return Wanted(actor, action, subject, since, until)


@router.get("", response_model=AuditsOut)
def show(hub: TheHub, page: ThePage, wanted: Annotated[Wanted, Depends(wanted_of)]) -> dict[str, Any]:
    """Sensitive acts, the newest first."""
    with hub.database.read() as session:
        return page.of(session, entries(wanted), (AuditEntry.number,), shown=fields, newest_first=True)


@router.get("/export", response_class=StreamingResponse, responses={200: {"content": {LINES: {}}}})
def export_all(hub: TheHub) -> StreamingResponse:
    """The whole log, a line of JSON for each entry, as the verifier reads it."""
    return StreamingResponse(export(hub.database), media_type=LINES)
