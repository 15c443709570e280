"""The reconciliation desk over HTTP: each kiosk's day, what the hub did not take, and settling it."""

from collections.abc import Collection, Mapping
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Header
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.booking import queries as booking
from hub.db.reading import Rows
from hub.fleet import queries as fleet
from hub.fleet.models import Kiosk
from hub.pages import ThePage
from hub.problems import ProblemError, language_of, sentence
from hub.reconciliation import queries
from hub.reconciliation.intake import COMPENSATED, PromiseCompensated
from hub.reconciliation.models import Rejection
from hub.reconciliation.rules import remedy
from hub.reconciliation.schemas import CompensatedOut, DayItemsOut, DayOut, ItemOut, RejectionReasonIn
from hub.requests import asked, once
from hub.restores import queries as restores
from hub.restores.service import journal_of
from hub.schemas import Name, PageOf, WaitingOut
from hub.serving import TheBooker
from hub.stores import service as stores
from protocol.errors import ErrorCode, understood

DISMISSED = "rejection.dismissed"
ONE_DAY = timedelta(days=1)
BY_DAY = (Rejection.at, Rejection.id)

Speaking = Annotated[str, Header(alias="accept-language")]

router = APIRouter(prefix="/v1/reconciliation", tags=["reconciliation"])


@router.get("", response_model=PageOf[DayOut])
def show(
    hub: TheHub,
    principal: ThePrincipal,
    page: ThePage,
    *,
    day: date | None = None,
    store: Name | None = None,
    kiosk: Name | None = None,
) -> dict[str, Any]:
    """Each kiosk's day: what it told, what was taken, and what is missing. Today's where no day is given."""
    with hub.database.snapshot() as session:
        zone = stores.zone(session)
        chosen = day or hub.clock().astimezone(zone).date()
        found = page.of(
            session,
            queries.kiosks(store, kiosk, principal.stores),
            (Kiosk.id,),
            shown=lambda row: {"kiosk": row.id, "store": row.store, "day": chosen},
        )
        figures = _figures(session, {row["kiosk"] for row in found["items"]}, _bounds(session, chosen))
        return found | {"items": [row | figures[row["kiosk"]] for row in found["items"]]}


@router.get("/items", response_model=PageOf[ItemOut])
def items(
    hub: TheHub,
    principal: ThePrincipal,
    page: ThePage,
    *,
    accept_language: Speaking = "",
    state: Literal["open", "compensated", "dismissed"] = "open",
) -> dict[str, Any]:
    """What the hub did not take, in a state; those that are open are what staff have to do, the oldest first."""
    language = language_of(accept_language)
    with hub.database.read() as session:
        query = queries.in_state(state, principal.stores)
        return page.of(session, query, queries.OLDEST_FIRST, shown=lambda row: _item(row, language))


@router.get("/{kiosk}/{day}/items", response_model=DayItemsOut)
def day_items(
    kiosk: str, day: date, hub: TheHub, principal: ThePrincipal, *, page: ThePage, accept_language: Speaking = ""
) -> dict[str, Any]:
    """What the hub did not take of one kiosk's day, in its order, and what is parked."""
    language = language_of(accept_language)
    with hub.database.read() as session:
        found = session.get(Kiosk, kiosk)
        if found is None:
            raise ProblemError(ErrorCode.KIOSK_UNKNOWN)
        refusal = principal.store_refusal(found.store)
        if refusal is not None:
            raise ProblemError(refusal)
        since, until = _bounds(session, day)
        listed = page.of(session, queries.of_kiosk(kiosk, since, until), BY_DAY, shown=lambda row: _item(row, language))
        parked = booking.parked_events(session, kiosk, since, until) if page.cursor is None else []
        return listed | {"parked": [_parked(row) for row in parked]}


@router.post(
    "/items/{fact}/compensate", status_code=201, response_model=CompensatedOut, responses={202: {"model": WaitingOut}}
)
async def compensate(fact: UUID, body: RejectionReasonIn, booker: TheBooker) -> dict[str, Any]:
    """Make good what a kiosk promised and the hub rejected: the points are given, or the voucher is made.

    Beyond the limit of the caller's role a second person has to say yes.
    """
    return await booker.book(COMPENSATED, PromiseCompensated(fact, body.reason))


@router.post("/items/{fact}/dismiss", response_model=ItemOut)
def dismiss(
    fact: UUID,
    body: RejectionReasonIn,
    hub: TheHub,
    principal: ThePrincipal,
    *,
    request_id: TheRequestId,
    accept_language: Speaking = "",
) -> dict[str, Any]:
    """Close an item without giving anything, and say why."""
    now = hub.clock()
    request = asked(hub, request_id, principal.actor, kind=DISMISSED, content=f"{fact} {body.reason}")

    def act(session: Session) -> dict[str, Any]:
        found = session.get(Rejection, fact, with_for_update=True)
        if found is None:
            raise ProblemError(ErrorCode.REJECTION_UNKNOWN)
        if found.state != "open":
            raise ProblemError(ErrorCode.REJECTION_SETTLED)
        found.state, found.settled_at, found.settled_by, found.reason = "dismissed", now, principal.actor, body.reason
        told = {"state": "dismissed", "kind": found.kind, "code": found.code, "points": found.points}
        written = Act(principal.actor, DISMISSED, str(fact), {"state": "open"}, told, principal.address, body.reason)
        audit(session, written, now, hub.random_bytes)
        return {"rejection": str(fact)}

    def work(session: Session) -> dict[str, Any]:
        once(session, request, lambda: act(session))
        return _item(session.get_one(Rejection, fact), language_of(accept_language))

    return hub.database.run(work)


def _bounds(session: Session, day: date) -> tuple[datetime, datetime]:
    """When a day of the chain begins and ends; one on which clocks are put forward is shorter."""
    zone = stores.zone(session)
    return datetime.combine(day, time.min, zone), datetime.combine(day + ONE_DAY, time.min, zone)


def _figures(session: Session, kiosks: Collection[str], bounds: tuple[datetime, datetime]) -> dict[str, dict[str, int]]:
    since, until = bounds
    figures = {kiosk: dict.fromkeys(DayOut.model_fields.keys() - {"kiosk", "store", "day"}, 0) for kiosk in kiosks}
    for row in booking.counted(session, kiosks, since, until):
        name = "accepted" if row.verdict == "applied" else row.verdict
        figures[row.kiosk][name] += row.events
        figures[row.kiosk]["received"] += row.events
    for row in booking.sold(session, kiosks, since, until):
        figures[row.kiosk] |= {"amount": row.amount, "points_earned": row.points}
    for row in booking.redeemed(session, kiosks, since, until):
        figures[row.kiosk]["points_redeemed"] = row.points
    _count_settled(figures, queries.settled(session, kiosks, since, until))
    for gap in fleet.gaps(session, kiosks):
        if since <= gap.found_at < until:
            figures[gap.kiosk]["missing"] += gap.last - gap.first + 1
    booked, births = restores.booked(session, kiosks), restores.births(session, kiosks)
    for kiosk, birth in births.items():
        figures[kiosk]["awaited"] = journal_of(kiosk, birth, booked).behind
    return figures


def _count_settled(figures: Mapping[str, dict[str, int]], rows: Rows) -> None:
    for row in rows:
        mine = figures[row.kiosk]
        mine[row.state] = row.acts
        mine["points_rejected"] += row.points
        mine["amount_rejected"] += row.amount


def _item(row: Rejection, language: str) -> dict[str, Any]:
    names = (
        *("id", "kiosk", "store", "member", "kind", "code", "data", "points", "amount", "at", "rejected_at"),
        *("seen_at", "state", "settled_at", "settled_by", "approved_by", "reason"),
    )
    plain = {name: getattr(row, name) for name in names}
    told = sentence(understood(row.code), row.data, language)
    return plain | {"sentence": told, "remedy": remedy(row.kind, row.code)}


def _parked(row: Any) -> dict[str, Any]:
    return {
        "id": row.id,
        "kind": row.kind,
        "code": row.code or "",
        "at": row.effective_at,
        "epoch": row.epoch,
        "seq": row.seq,
    }
