"""All SQL of leases."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select, tuple_
from sqlalchemy.orm import Session

from hub.db.bulk import Rows, among
from hub.leases.models import Lease


def leases(session: Session, numbers: Collection[tuple[str, int]], spends: Collection[UUID]) -> Rows:
    """Leases by kiosk and number, or by the spend they were asked for. Their kiosks are locked already."""
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
    by_number = tuple_(Lease.kiosk, Lease.number).in_(sorted(numbers))
    return session.execute(select(*columns).where(or_(by_number, among(session, Lease.spend, spends))))
