"""The fleet API: stores and kiosks."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.access import TheHub, ThePrincipal, TheRequestId
from hub.audit.service import Act, audit
from hub.booking.again import retry_parked
from hub.fleet import queries
from hub.fleet.models import Kiosk, Sighting, Stream, StreamGap
from hub.fleet.schemas import GapOut, KioskOut, RetriedOut, StoreOut
from hub.pages import ThePage
from hub.problems import ProblemError
from hub.requests import answered, asked, once
from hub.schemas import PageOf
from hub.stores.models import Store
from protocol.errors import ErrorCode

WAITING = frozenset({"accepted", "pending"})
"""An ended or forked journal is never taken again."""

router = APIRouter(prefix="/v1", tags=["fleet"])


@router.get("/stores", response_model=PageOf[StoreOut])
def stores(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every store of the chain."""
    with hub.database.read() as session:
        return page.of(session, select(Store), (Store.id,), shown=_shown_store)


def _shown_store(store: Store) -> dict[str, Any]:
    return {"id": store.id, "names": store.names, "region": store.region}


@router.get("/kiosks", response_model=PageOf[KioskOut])
def kiosks(hub: TheHub, page: ThePage) -> dict[str, Any]:
    """Every kiosk, and how it is."""
    with hub.database.read() as session:
        return page.of(session, select(Kiosk), (Kiosk.id,), shown=lambda kiosk: _shown(session, kiosk))


@router.post("/kiosks/{kiosk}/epochs/{epoch}/accept", response_model=KioskOut)
def accept_epoch(
    kiosk: str, epoch: UUID, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId
) -> dict[str, Any]:
    """Take a kiosk's new journal, after it was repaired or replaced. All others are ended."""
    now = hub.clock()
    request = asked(hub, request_id, principal.actor, kind="kiosk.epoch_accepted", content=f"{kiosk} {epoch}")

    def act(session: Session) -> dict[str, Any]:
        found = session.get(Kiosk, kiosk, with_for_update=True)
        streams = {stream.epoch: stream for stream in _streams(session, kiosk)}
        if found is None or epoch not in streams or streams[epoch].state not in WAITING:
            raise ProblemError(ErrorCode.EPOCH_UNKNOWN)
        for stream in streams.values():
            if stream.state in WAITING:
                stream.state = "ended"
        streams[epoch].state = "accepted"
        session.flush()
        audit(
            session,
            Act(principal.actor, "kiosk.epoch_accepted", kiosk, {}, {"epoch": str(epoch)}, principal.address),
            now,
            hub.random_bytes,
        )
        return _shown(session, found)

    return hub.database.run(lambda session: once(session, request, lambda: act(session)))


@router.post("/kiosks/{kiosk}/revoke", response_model=KioskOut)
def revoke(kiosk: str, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Take nothing from a kiosk any more, from the next message on."""
    now = hub.clock()
    request = asked(hub, request_id, principal.actor, kind="kiosk.revoked", content=kiosk)

    def act(session: Session) -> dict[str, Any]:
        found = session.get(Kiosk, kiosk, with_for_update=True)
        if found is None:
            raise ProblemError(ErrorCode.KIOSK_UNKNOWN)
        written = Act(
            principal.actor, "kiosk.revoked", kiosk, {"state": found.state}, {"state": "revoked"}, principal.address
        )
        if found.state == "active" and found.address is not None:
            # Its neighbours are to forget it.
            queries.raise_configuration(session, found.store)
        found.state = "revoked"
        audit(session, written, now, hub.random_bytes)
        return _shown(session, found)

    return hub.database.run(lambda session: once(session, request, lambda: act(session)))


@router.get("/kiosks/{kiosk}/gaps", response_model=PageOf[GapOut])
def gaps(kiosk: str, hub: TheHub, page: ThePage) -> dict[str, Any]:
    """What of a kiosk's journals was lost with a restore, and could not be told again."""
    query = select(StreamGap).where(StreamGap.kiosk == kiosk)
    with hub.database.read() as session:
        return page.of(session, query, (StreamGap.found_at, StreamGap.epoch, StreamGap.first), shown=_shown_gap)


def _shown_gap(gap: StreamGap) -> dict[str, Any]:
    return {"epoch": gap.epoch, "first": gap.first, "last": gap.last, "found_at": gap.found_at}


@router.post("/kiosks/{kiosk}/parked/retry", response_model=RetriedOut)
def retry(kiosk: str, hub: TheHub, principal: ThePrincipal, *, request_id: TheRequestId) -> dict[str, Any]:
    """Try a kiosk's parked events again; each counts when it came the first time."""
    now = hub.clock()
    request = asked(hub, request_id, principal.actor, kind="kiosk.parked_retried", content=kiosk)
    with hub.database.read() as session:
        known = answered(session, request)
        if session.get(Kiosk, kiosk) is None:
            raise ProblemError(ErrorCode.KIOSK_UNKNOWN)
    if known is not None:
        return known
    # Bookings are transactions of their own; trying an event that was decided meanwhile changes nothing.
    retried = asdict(retry_parked(hub.database, hub.book, kiosk))

    def act(session: Session) -> dict[str, Any]:
        written = Act(principal.actor, "kiosk.parked_retried", kiosk, {}, retried, principal.address)
        audit(session, written, now, hub.random_bytes)
        return retried

    return hub.database.run(lambda session: once(session, request, lambda: act(session)))


def _streams(session: Session, kiosk: str) -> list[Stream]:
    return list(session.execute(select(Stream).where(Stream.kiosk == kiosk).order_by(Stream.opened_at)).scalars())


def _shown(session: Session, kiosk: Kiosk) -> dict[str, Any]:
    sighting = session.get(Sighting, kiosk.id)
    return {
        "id": kiosk.id,
        "store": kiosk.store,
        "state": kiosk.state,
        "connection": sighting.state if sighting else "never",
        "seen_at": sighting.at if sighting else None,
        "heartbeat": sighting.heartbeat if sighting else {},
        "streams": [{"epoch": s.epoch, "state": s.state, "upto": s.upto} for s in _streams(session, kiosk.id)],
    }
