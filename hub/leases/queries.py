"""All SQL of leases."""

from collections.abc import Collection
from typing import Any
from uuid import UUID

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from hub.db.reading import Rows, among
from hub.fleet.models import Kiosk, Stream
from hub.leases.models import Lease


def leases(session: Session, numbers: Collection[tuple[str, int]], spends: Collection[UUID]) -> Rows:
    """Lock and load leases by kiosk and number, or by the spend they were asked for, in the order of their numbers.

    Kiosks are locked already where they report themselves, but not where a person writes a lease off. It may give a few
    more than those named: every one of these kiosks with every one of these numbers.
    """
    columns = (
        Lease.kiosk,
        Lease.number,
        Lease.epoch,
        Lease.member,
        Lease.reward,
        Lease.spend,
        Lease.points,
        Lease.spent,
        Lease.state,
        Lease.deadline,
    )
    kiosks = {kiosk for kiosk, _number in numbers}
    by_number = among(session, Lease.kiosk, kiosks) & among(
        session, Lease.number, {number for _kiosk, number in numbers}
    )
    named = or_(by_number, among(session, Lease.spend, spends))
    return session.execute(select(*columns).where(named).order_by(Lease.kiosk, Lease.number).with_for_update())


BY_DEADLINE = (Lease.deadline, Lease.kiosk, Lease.number)


def shown(session: Session, states: Collection[str]) -> Select[*tuple[Any, ...]]:
    """Asks for leases in these states, each with what became of its kiosk and of its journal."""
    query = select(
        *(Lease.kiosk, Lease.number, Lease.member, Lease.reward, Lease.state, Lease.spent, Lease.epoch),
        *(Lease.granted_at, Lease.deadline),
        (Lease.points - Lease.spent).label("points"),
        Kiosk.state.label("kiosk_state"),
        Stream.state.label("epoch_state"),
    )
    joined = query.join(Kiosk, Kiosk.id == Lease.kiosk).join(
        Stream, (Stream.kiosk == Lease.kiosk) & (Stream.epoch == Lease.epoch)
    )
    return joined.where(among(session, Lease.state, states))
