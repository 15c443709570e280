"""The leases API: what is lent to kiosks, calling it back, and the recorded act that ends what no kiosk will close."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Path

from hub.access import TheHub
from hub.leases import queries
from hub.leases.orders import RECALLED, WRITTEN_OFF, LeaseRecalled, LeaseWrittenOff
from hub.leases.rules import OPEN
from hub.leases.schemas import LeaseOut, LentOut, RecallIn, RecallOut, StockLeaseOut, WriteOffIn, WriteOffOut
from hub.members.models import Member
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.schemas import PageOf
from hub.serving import TheBooker
from protocol.errors import ErrorCode

STATES = {"open": OPEN, "closed": frozenset({"closed"}), "written_off": frozenset({"written_off"})}

State = Literal["open", "closed", "written_off"]
Number = Annotated[int, Path(ge=1, le=2**53)]

router = APIRouter(prefix="/v1", tags=["fleet"])


@router.get("/leases", response_model=PageOf[LeaseOut])
def show(hub: TheHub, page: ThePage, state: State = "open") -> dict[str, Any]:
    """Leases of points in a state, the earliest deadline first."""
    with hub.database.read() as session:
        found = queries.shown(session, STATES[state])
        return page.of(session, found, queries.BY_DEADLINE, shown=lambda row: row._mapping)  # noqa: SLF001 - public


@router.get("/stock-leases", response_model=PageOf[StockLeaseOut])
def show_stock(hub: TheHub, page: ThePage, state: State = "open") -> dict[str, Any]:
    """Leases of pieces of limited rewards in a state, the earliest deadline first."""
    with hub.database.read() as session:
        found, by = queries.stock_shown(session, STATES[state]), queries.STOCK_BY_DEADLINE
        return page.of(session, found, by, shown=lambda row: row._mapping)  # noqa: SLF001 - public


@router.get("/members/{member}/leases", response_model=PageOf[LentOut])
def show_lent(member: UUID, hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Where a member's points lie that are lent to kiosks now."""
    with hub.database.read() as session:
        if session.get(Member, member) is None:
            raise ProblemError(ErrorCode.MEMBER_UNKNOWN)
        found = queries.lying(member)
        return page.of(session, found, queries.BY_DEADLINE, shown=lambda row: row._mapping)  # noqa: SLF001 - public


@router.post("/kiosks/{kiosk}/leases/{number}/recall", response_model=RecallOut)
async def recall(kiosk: str, number: Number, body: RecallIn, booker: TheBooker) -> dict[str, Any]:
    """Call back what lies at a kiosk. A kiosk that is connected gives it back in a moment, any other when it comes."""
    return await booker.book(RECALLED, LeaseRecalled(kiosk, number, body.reason))


@router.post("/kiosks/{kiosk}/leases/{number}/write-off", response_model=WriteOffOut)
async def write_off(kiosk: str, number: Number, body: WriteOffIn, booker: TheBooker) -> dict[str, Any]:
    """End a lease that its kiosk will not close. What the kiosk reports of it afterwards is refused, and shown."""
    return await booker.book(WRITTEN_OFF, LeaseWrittenOff(kiosk, number, body.outcome, body.reason))
