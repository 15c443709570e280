"""The leases API: which points are lent to kiosks, and the recorded act that ends a lease no kiosk will close."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path

from hub.access import TheHub
from hub.leases import queries
from hub.leases.intake import LeaseWrittenOff
from hub.leases.rules import OPEN
from hub.leases.schemas import LeaseOut, WriteOffIn, WriteOffOut
from hub.pages import ThePage
from hub.schemas import PageOf
from hub.serving import TheBooker

STATES = {"open": OPEN, "closed": frozenset({"closed"}), "written_off": frozenset({"written_off"})}

router = APIRouter(prefix="/v1", tags=["fleet"])


@router.get("/leases", response_model=PageOf[LeaseOut])
def show(hub: TheHub, page: ThePage, state: Literal["open", "closed", "written_off"] = "open") -> dict[str, Any]:
    """Leases in a state, the earliest deadline first."""
    with hub.database.read() as session:
        found = queries.shown(session, STATES[state])
        return page.of(session, found, queries.BY_DEADLINE, shown=lambda row: row._mapping)  # noqa: SLF001 - public


@router.post("/kiosks/{kiosk}/leases/{number}/write-off", response_model=WriteOffOut)
async def write_off(
    kiosk: str,
    number: Annotated[int, Path(ge=1, le=2**53)],
    body: WriteOffIn,
    booker: TheBooker,
) -> dict[str, Any]:
    """End a lease that its kiosk will not close. What the kiosk reports of it afterwards is refused, and shown."""
    written_off = LeaseWrittenOff(kiosk, number, body.outcome, body.reason)
    return await booker.book("lease.written_off", written_off)
