"""The duplicates API: members that may be one person, and the word that they are two."""

from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.duplicates.models import Suspicion
from hub.duplicates.schemas import DismissIn, DuplicateOut
from hub.members import service as members
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.requests import asked, once
from hub.schemas import PageOf
from protocol.errors import ErrorCode

router = APIRouter(prefix="/v1", tags=["members"])


@router.get("/member-duplicates", response_model=PageOf[DuplicateOut])
def duplicates(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Pairs that wait for somebody to merge or dismiss them, the oldest first."""
    by = (Suspicion.found_at, Suspicion.first, Suspicion.second)
    query = select(Suspicion).where(Suspicion.state == "open")
    with hub.database.read() as session:
        found = page.of(session, query, by, shown=_shown)
        named = {pair[side] for pair in found["items"] for side in ("first", "second")}
        names = members.display_names(session, hub.vault, named)
    for pair in found["items"]:
        pair["names"] = [names.get(pair["first"], ""), names.get(pair["second"], "")]
    return found


def _shown(one: Suspicion) -> dict[str, Any]:
    return {"first": one.first, "second": one.second, "agrees": one.agrees, "found_at": one.found_at}


@router.post("/member-duplicates/dismiss", status_code=204, response_class=Response)
def dismiss(body: DismissIn, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> Response:
    """Say that two members are two people; they are not put on the list again."""
    pair, now = sorted((body.first, body.second)), hub.clock()
    request = asked(hub, request_id, principal.actor, kind="duplicate.dismissed", content=f"{pair}")

    def work(session: Session) -> None:
        found = session.get(Suspicion, pair, with_for_update=True)
        if found is None:
            raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
        known = found

        def act() -> dict[str, Any]:
            known.state, known.decided_by, known.decided_at = "dismissed", principal.actor, now
            told = {"other": str(pair[1]), "agrees": known.agrees}
            written = Act(principal.actor, "duplicate.dismissed", str(pair[0]), {}, told, principal.address)
            audit(session, written, now, hub.random_bytes)
            return {}

        once(session, request, act)

    hub.database.run(work)
    return Response(status_code=204)
