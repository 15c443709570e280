"""The API of restores: who is waited for, what is bound meanwhile, and letting a kiosk go by a person's word."""

from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import BigInteger, cast, func, select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.leases.models import Lease
from hub.leases.rules import OPEN
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.requests import asked, once
from hub.restores import queries, service
from hub.restores.models import AwaitedKiosk, Restore
from hub.restores.rules import Journal
from hub.restores.schemas import KioskReleaseIn, RestoreOut
from hub.schemas import PageOf
from protocol.errors import ErrorCode

LOST = "What the API brought in this time is not in this database. Repeat it from the tills' own records."
RECOVERABLE = (
    "What the API brought in this time is here if the server was recovered to the end of its WAL archive. If only a"
    " base backup was restored it is lost, and must be repeated from the tills' own records."
)

router = APIRouter(prefix="/v1/restores", tags=["fleet"])


@router.get("", response_model=PageOf[RestoreOut])
def restores(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Restores of this database, the newest first."""
    with hub.database.read() as session:
        return page.of(
            session,
            select(Restore),
            (Restore.at, Restore.epoch),
            shown=lambda restore: _shown(session, restore, is_sqlite=hub.database.is_sqlite),
            newest_first=True,
        )


@router.post("/{restore}/kiosks/{kiosk}/release", response_model=RestoreOut)
def release_kiosk(
    restore: UUID, kiosk: str, body: KioskReleaseIn, hub: TheHub, *, principal: ThePrincipal, request_id: TheRequestId
) -> dict[str, Any]:
    """Wait for a kiosk no more: it is broken or gone. What it gave out and never told becomes a debt when it tells."""
    now = hub.clock()
    content = f"{restore} {kiosk} {body.reason}"
    request = asked(hub, request_id, principal.actor, kind="kiosk.released", content=content)

    def act(session: Session) -> dict[str, Any]:
        found = session.get(AwaitedKiosk, (restore, kiosk), with_for_update=True)
        if found is None or found.state != "waiting":
            raise ProblemError(ErrorCode.RESTORE_UNKNOWN)
        before, after = {"state": found.state}, {"state": "released", "restore": str(restore)}
        written = Act(principal.actor, "kiosk.released", kiosk, before, after, principal.address, body.reason)
        service.release(found, now, by=principal.actor, reason=body.reason)
        audit(session, written, now, hub.random_bytes)
        return {"restore": str(restore), "kiosk": kiosk}

    def work(session: Session) -> dict[str, Any]:
        once(session, request, lambda: act(session))
        session.flush()
        return _shown(session, session.get_one(Restore, restore), is_sqlite=hub.database.is_sqlite)

    return hub.database.run(work)


def _shown(session: Session, restore: Restore, *, is_sqlite: bool) -> dict[str, Any]:
    rows, lent = list(queries.awaited(session, restore.epoch)), _lent(session)
    booked = queries.booked(session, {row.kiosk for row in rows})
    kiosks = [
        _awaited(row, service.journal_of(row.kiosk, row.birth, booked), lent.get(row.kiosk, (0, 0))) for row in rows
    ]
    counts = queries.counts(session, restore.epoch)
    return {
        "restore": restore.epoch,
        "at": restore.at,
        "newest_at": restore.newest_at,
        "is_waiting": counts.get("waiting", 0) > 0,
        "counts": counts,
        "kiosks": kiosks,
        "points_bound": sum(kiosk["points"] for kiosk in kiosks if kiosk["state"] == "waiting"),
        "api_only": {
            "since": restore.newest_at,
            "until": restore.at,
            "is_recoverable": not is_sqlite,
            "note": LOST if is_sqlite else RECOVERABLE,
        },
    }


def _awaited(row: Any, journal: Journal, lent: tuple[int, int]) -> dict[str, Any]:
    return {
        "kiosk": row.kiosk,
        "state": row.state,
        "seen_at": row.seen_at,
        "head": journal.head,
        "booked": journal.booked,
        "leases": lent[0],
        "points": lent[1],
        "settled_at": row.settled_at,
        "settled_by": row.settled_by,
        "reason": row.reason,
    }


def _lent(session: Session) -> dict[str, tuple[int, int]]:
    """How many leases each kiosk holds, and how many points are in them."""
    points = cast(func.sum(Lease.points - Lease.spent), BigInteger).label("points")
    count = cast(func.count(), BigInteger).label("leases")
    query = select(Lease.kiosk, count, points).where(Lease.state.in_(sorted(OPEN))).group_by(Lease.kiosk)
    return {row.kiosk: (row.leases, row.points) for row in session.execute(query)}
