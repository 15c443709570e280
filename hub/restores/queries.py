"""All SQL of restores."""

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select, update
from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.db.reading import Asked, Prepared, Rows, among
from hub.fleet.models import Kiosk, Sighting, Stream
from hub.restores.models import AwaitedKiosk, Restore


def ask_waiting(session: Session) -> Asked[bool]:
    """Whether any kiosk is awaited."""
    return _WAITING.ask(session).then(lambda rows: any(True for _row in rows))


_WAITING = Prepared(lambda _among: select(AwaitedKiosk.kiosk).where(AwaitedKiosk.state == "waiting").limit(1))


def begin(session: Session, restore: UUID, at: datetime, newest_at: datetime | None) -> None:
    """Note a restore, and wait for every active kiosk whose journal is taken. Nobody waits for an earlier one's."""
    waiting = update(AwaitedKiosk).where(AwaitedKiosk.state == "waiting")
    session.execute(waiting.values(state="superseded", settled_at=at))
    session.add(Restore(epoch=restore, at=at, newest_at=newest_at))
    session.flush()
    journals = select(Stream.kiosk).where(Stream.state == "accepted")
    query = select(Kiosk.id).where(Kiosk.state == "active", Kiosk.id.in_(journals)).order_by(Kiosk.id)
    rows = [(restore, kiosk, "waiting", None, "", "") for kiosk in session.execute(query).scalars()]
    columns = ("restore", "kiosk", "state", "settled_at", "settled_by", "reason")
    insert_rows(session, AwaitedKiosk, columns, rows)


def told(session: Session) -> Rows:
    """Every kiosk that is awaited, whether it is active, and what it said of itself when it last came."""
    query = (
        select(AwaitedKiosk.restore, AwaitedKiosk.kiosk, Kiosk.state, Sighting.birth)
        .join(Kiosk, Kiosk.id == AwaitedKiosk.kiosk)
        .outerjoin(Sighting, Sighting.kiosk == AwaitedKiosk.kiosk)
    )
    return session.execute(query.where(AwaitedKiosk.state == "waiting").order_by(AwaitedKiosk.kiosk))


def booked(session: Session, kiosks: Collection[str]) -> dict[tuple[str, str], int]:
    """How far the journals that are taken of these kiosks are booked, by kiosk and epoch."""
    query = select(Stream.kiosk, Stream.epoch, Stream.upto).where(
        among(session, Stream.kiosk, kiosks), Stream.state == "accepted"
    )
    return {(row.kiosk, str(row.epoch)): row.upto for row in session.execute(query)}


def births(session: Session, kiosks: Collection[str]) -> dict[str, dict[str, Any] | None]:
    """What kiosks said of themselves when they last came."""
    query = select(Sighting.kiosk, Sighting.birth).where(among(session, Sighting.kiosk, kiosks))
    return {row.kiosk: row.birth for row in session.execute(query)}


def awaited(session: Session, restore: UUID) -> Rows:
    """Every kiosk that a restore waits or has waited for, and what it said of itself when it last came."""
    query = select(
        *(AwaitedKiosk.kiosk, AwaitedKiosk.state, AwaitedKiosk.settled_at, AwaitedKiosk.settled_by),
        *(AwaitedKiosk.reason, Sighting.at.label("seen_at"), Sighting.birth),
    ).outerjoin(Sighting, Sighting.kiosk == AwaitedKiosk.kiosk)
    return session.execute(query.where(AwaitedKiosk.restore == restore).order_by(AwaitedKiosk.kiosk))


def counts(session: Session, restore: UUID) -> dict[str, int]:
    """How many kiosks are in which state."""
    total = cast(func.count(), BigInteger).label("total")
    query = select(AwaitedKiosk.state, total).where(AwaitedKiosk.restore == restore).group_by(AwaitedKiosk.state)
    return {row.state: row.total for row in session.execute(query)}
