"""The finance API: statements of members, balances of any moment, liability, and the close of a month."""

from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Header, Path, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.day_end import queries as day_end
from hub.day_end.rules import DAY, end_of
from hub.finance import liability as liabilities
from hub.finance import queries, service
from hub.finance.chart import Curve, Labels, draw
from hub.finance.explanations import amount_of, say
from hub.finance.models import Period
from hub.finance.money import places_of
from hub.finance.rules import month_of
from hub.finance.schemas import BalancesAtOut, Day, Moment, NoticeOut, PeriodOut, StatementPage
from hub.finance.statement import account_of, statement
from hub.ledger.models import Account
from hub.pages import ThePage
from hub.points.service import POINTS
from hub.problems import ProblemError, language_of
from hub.requests import answered, asked, once
from hub.schemas import PageOf
from hub.stores import service as stores
from protocol.errors import ErrorCode

CHART_DAYS = 365
"""How far back a drawing reaches where nobody says."""

SVG = "image/svg+xml"

Book = Annotated[str, Query(pattern=r"^(points|qualifying|debt|principal|bonus|count\.[a-z0-9_-]{1,48})$")]
From = Annotated[Day | None, Query(alias="from")]
To = Annotated[Day | None, Query(alias="to")]

router = APIRouter(prefix="/v1", tags=["finance"])


@router.get("/members/{member}/statement", response_model=StatementPage)
def show_statement(
    member: UUID, hub: TheHub, book: Book = POINTS, since: From = None, *, until: To = None, cursor: UUID | None = None
) -> dict[str, Any]:
    """Every movement of one account of a member, newest first, with its explanation; days are the chain's, and whole.

    Movements stand in the order in which they were recorded, and `from` and `to` go by that too.
    """
    empty = {"member": member, "book": book, "unit": "", "movements": [], "cursor": None}
    with hub.database.snapshot() as session:
        account = _account(session, member, book)
        if account is None:
            return empty
        if cursor is not None and queries.place_of(session, account.id, cursor) is None:
            raise ProblemError(ErrorCode.REQUEST_INVALID, fields=[{"field": "query.cursor", "problem": "unknown"}])
        page = statement(session, account, _span(session, since, until), cursor=cursor)
    return empty | {"unit": page.unit, "movements": page.movements, "cursor": page.cursor}


@router.get("/members/{member}/statement.svg", responses={200: {"content": {SVG: {}}}}, response_class=Response)
def draw_statement(
    member: UUID,
    hub: TheHub,
    book: Book = POINTS,
    since: From = None,
    *,
    until: To = None,
    accept_language: Annotated[str, Header()] = "",
) -> Response:
    """The balance of one account of a member over time, drawn; a year of it where nothing else is asked."""
    language, now = language_of(accept_language), hub.clock()
    with hub.database.snapshot() as session:
        account = _account(session, member, book)
        first, last = _span(session, since, until)
        last = min(last or now, now)
        first = min(first or last - timedelta(days=CHART_DAYS), last - DAY)
        zone, unit = stores.zone(session), account.unit if account else book
        changes = list(queries.changes(session, account.id, (None, last))) if account else []
    before = sum(row.change for row in changes if row.recorded_at < first)
    later = [(row.recorded_at, row.change) for row in changes if row.recorded_at >= first]
    balance = before + sum(change for _at, change in later)
    day = (last - timedelta(microseconds=1)).astimezone(zone).date().isoformat()
    labels = Labels(
        title=say(f"chart-title-{_sort_of(unit)}", language),
        now=say("chart-now", language, amount=amount_of(balance, unit, language), day=day),
        language=language,
        per=10 ** places_of(unit) if _sort_of(unit) == "money" else 1,
    )
    return Response(draw(Curve(first, last, before, later, zone), labels), media_type=SVG)


@router.get("/members/{member}/balance-at", response_model=BalancesAtOut)
def show_balance_at(member: UUID, at: Moment, hub: TheHub, known_at: Moment | None = None) -> dict[str, Any]:
    """What a member's accounts held at a moment; with `known_at` as it was known then, from the entries themselves."""
    known = known_at or hub.clock()
    with hub.database.read() as session:
        _account(session, member, POINTS)
        rows = [
            {"book": row.book, "unit": row.unit, "balance": row.balance}
            for row in queries.balances_at(session, member, at, known)
        ]
    return {"member": member, "at": at, "known_at": known, "balances": rows}


@router.get("/expiry-notices", response_model=PageOf[NoticeOut])
def show_notices(since: Moment, hub: TheHub, page: ThePage) -> dict[str, Any]:
    """What is about to expire, as day ends have noticed it from a moment on, the oldest notice first.

    Ask again from the newest `noticed_at` on: what comes twice has the same account and expiry.
    """
    with hub.database.read() as session:
        found = day_end.notices(since)
        return page.of(session, found, day_end.BY_NOTICE, shown=lambda row: row._mapping)  # noqa: SLF001 - public


@router.get("/finance/liability")
def show_liability(hub: TheHub, at: Moment | None = None) -> dict[str, Any]:
    """What the programme owes its members, by what was recorded up to a moment; the same whenever it is asked."""
    with hub.database.snapshot() as session:
        return liabilities.liability(session, at or hub.clock())


@router.post("/finance/periods/{month}/close", status_code=201, response_model=PeriodOut)
def close_period(
    month: Annotated[str, Path(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$")],
    hub: TheHub,
    principal: ThePrincipal,
    *,
    request_id: TheRequestId,
) -> dict[str, Any]:
    """Close a month that is over: its figures are kept for good. The books must be right, and it is done once."""
    request = asked(hub, request_id, principal.actor, kind="period.closed", content=month)
    with hub.database.read() as session:
        known = answered(session, request)
    if known is not None:
        return known
    closing = service.close(
        hub.database, month_of(month), actor=principal.actor, now=hub.clock(), random_bytes=hub.random_bytes
    )
    if closing.period is None:
        raise ProblemError(closing.refusal or ErrorCode.REQUEST_FAILED)
    shown = _shown(closing.period) | {"closed_at": closing.period.closed_at.isoformat()}
    return hub.database.run(lambda session: once(session, request, lambda: shown))


@router.get("/finance/periods", response_model=PageOf[PeriodOut])
def show_periods(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every closed month, newest first."""
    with hub.database.read() as session:
        return page.of(session, select(Period), (Period.month,), shown=_shown, newest_first=True)


def _shown(period: Period) -> dict[str, Any]:
    return {
        "month": f"{period.month:%Y-%m}",
        "figures": period.figures,
        "closed_by": period.closed_by,
        "closed_at": period.closed_at,
    }


def _account(session: Session, member: UUID, book: str) -> Account | None:
    """A member's account of a book; every member has one of points."""
    if account_of(session, member, POINTS) is None:
        raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
    return account_of(session, member, book)


def _span(session: Session, since: Day | None, until: Day | None) -> queries.Span:
    zone = stores.zone(session)
    return (end_of(since - DAY, zone) if since else None, end_of(until, zone) if until else None)


def _sort_of(unit: str) -> str:
    if unit in {"points", "qualifying"}:
        return unit
    return "count" if unit.startswith("count.") else "money"
