"""The stored-value API: tills post top-ups here and pay money out again; a member's wallet and its statement."""

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, Literal
from uuid import UUID
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Header, Query, Response
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub
from hub.members.models import Member
from hub.packages.service import COUNTS, UNIT_PREFIX
from hub.problems import ProblemError
from hub.schemas import WaitingOut
from hub.serving import TheBooker
from hub.stores import service as stores
from hub.stores.models import Chain
from hub.wallet import queries
from hub.wallet.intake import TopUpRecorded, TopUpRefunded, WalletClosed
from hub.wallet.rules import Split
from hub.wallet.schemas import ClosingOut, ReasonIn, StatementOut, TopUpIn, TopUpOut, TopUpRefundOut, WalletOut
from hub.wallet.service import BONUS, PRINCIPAL, wallet_accounts
from hub.wallet.statement import Line, csv_of, lines
from protocol.errors import ErrorCode

RECEIPTS_MAX = 20
"""Most receipts that are shown with a wallet."""

STATEMENT_MAX_LINES = 5_000

CSV = "text/csv"

router = APIRouter(prefix="/v1", tags=["stored value"])


@router.post("/top-ups", status_code=201, response_model=TopUpOut)
async def record_top_up(body: TopUpIn, booker: TheBooker) -> dict[str, Any]:
    """Record money that a member has paid in. The same receipt counts once, however often it comes."""
    recorded = TopUpRecorded(body.receipt, body.member, body.currency, body.amount)
    return await booker.book("top_up.recorded", recorded, body.store)


@router.post(
    "/top-ups/{top_up}/refund", status_code=201, response_model=TopUpRefundOut, responses={202: {"model": WaitingOut}}
)
async def refund_top_up(top_up: UUID, body: ReasonIn, booker: TheBooker) -> dict[str, Any]:
    """Take a top-up back within the days that the policy gives: `paid_out` is the money to hand over."""
    refunded = TopUpRefunded(body.receipt, body.reason, top_up)
    return await booker.book("top_up.refunded", refunded, body.store)


@router.post(
    "/members/{member}/wallet/close", status_code=201, response_model=ClosingOut, responses={202: {"model": WaitingOut}}
)
async def close(member: UUID, body: ReasonIn, booker: TheBooker) -> dict[str, Any]:
    """Pay out all that a member has paid in and not spent. The bonus is lost, counts stay."""
    closed = WalletClosed(body.receipt, body.reason, member)
    return await booker.book("wallet.closed", closed, body.store)


@router.get("/members/{member}/wallet", response_model=WalletOut)
def show(member: UUID, hub: TheHub) -> dict[str, Any]:
    """What a member has: money, bonus and counts with their expiry, and the last receipts."""
    with hub.database.read() as session:
        found = _existing(session, member)
        held = list(queries.holdings(session, member, (PRINCIPAL, BONUS, COUNTS)))
        receipts = list(queries.newest_receipts(session, member, RECEIPTS_MAX))
        currency = _currency(session)
    bonuses = [row for row in held if row.book == BONUS]
    return {
        "member": member,
        "currency": currency,
        "identified": found.identified_at is not None,
        "principal": sum(row.amount for row in held if row.book == PRINCIPAL),
        "bonus": sum(row.amount for row in bonuses),
        "bonuses": [{"amount": row.amount, "expires_at": row.expires_at} for row in bonuses],
        "counts": [
            {"item": row.unit.removeprefix(UNIT_PREFIX), "count": row.amount, "expires_at": row.expires_at}
            for row in held
            if row.book == COUNTS
        ],
        "receipts": [row._mapping for row in receipts],  # noqa: SLF001 - the public name of it in SQLAlchemy
    }


@router.get(
    "/members/{member}/wallet/statement",
    response_model=StatementOut,
    responses={200: {"content": {CSV: {"schema": {"type": "string"}}}}},
)
def statement(
    member: UUID,
    hub: TheHub,
    since: Annotated[date | None, Query(alias="from")] = None,
    until: Annotated[date | None, Query(alias="to")] = None,
    *,
    written: Annotated[Literal["json", "csv"] | None, Query(alias="format")] = None,
    accept: Annotated[str, Header()] = "",
) -> Any:
    """Every movement of stored value from one day to another, both whole days of the chain; as JSON or CSV."""
    with hub.database.read() as session:
        _existing(session, member)
        zone, currency = stores.zone(session), _currency(session)
        span, accounts = _span(since, until, zone, hub.clock()), wallet_accounts(member)
        before = Split(*queries.balance_before(session, accounts, span[0]))
        rows = list(queries.statement(session, accounts, span, STATEMENT_MAX_LINES + 1))
    if len(rows) > STATEMENT_MAX_LINES:
        raise ProblemError(ErrorCode.STATEMENT_TOO_LONG, max=STATEMENT_MAX_LINES)
    shown = lines(rows, before)
    if written == "csv" or (written is None and accept.lower().startswith(CSV)):
        name = f"attachment; filename=statement-{member}.csv"
        return Response(csv_of(shown, zone), media_type=CSV, headers={"Content-Disposition": name})
    return {
        "member": member,
        "currency": currency,
        "principal_before": before.principal,
        "bonus_before": before.bonus,
        "lines": [_shown(line) for line in shown],
    }


def _shown(line: Line) -> dict[str, Any]:
    return asdict(line) | {"balance": line.balance}


def _span(since: date | None, until: date | None, zone: ZoneInfo, now: datetime) -> tuple[datetime, datetime]:
    """From the beginning of the first day to the end of the last; from the first movement until now where not said."""
    first = since or date(2000, 1, 1)
    after = (until or now.astimezone(zone).date()) + timedelta(days=1)
    return datetime.combine(first, time.min, zone), datetime.combine(after, time.min, zone)


def _currency(session: Session) -> str:
    currency: str = session.execute(select(Chain.currency)).scalar_one()
    return currency


def _existing(session: Session, member: UUID) -> Member:
    found = session.get(Member, member)
    if found is None:
        raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
    return found
