"""All SQL of leases."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from hub.db.bulk import Rows, among
from hub.leases.models import Lease


def leases(session: Session, numbers: Collection[tuple[str, int]], spends: Collection[UUID]) -> Rows:
    """Leases by kiosk and number, or by the spend they were asked for. Their kiosks are locked already.

    It may give a few more than those named: every one of these kiosks with every one of these numbers.
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
    return session.execute(select(*columns).where(or_(by_number, among(session, Lease.spend, spends))))
