"""What kiosks report: which duties are done, and which snapshots they hold."""

from datetime import datetime

import structlog
from msgspec import UNSET
from sqlalchemy import select
from sqlalchemy.orm import Session

from hub.db.reading import among
from hub.fleet import queries as fleet
from hub.members.models import Member
from protocol.duties import Report

log = structlog.get_logger()


def note(session: Session, kiosk: str, report: Report, now: datetime) -> None:
    """Write down what a kiosk reports.

    A report may have waited at the broker since before a restore: the duties that it means had other numbers.
    """
    if report.hub_epoch is UNSET or report.hub_epoch == fleet.hub_epoch(session):
        fleet.close_duties(session, kiosk, report.duties, now)
    unknown = fleet.note_held(session, kiosk, report.members)
    if unknown:
        # Whoever has been erased is among them: the erasure then has this kiosk forget, too.
        found = session.execute(select(Member.id).where(among(session, Member.id, unknown))).scalars()
        fleet.note_found(session, kiosk, sorted(found))
    if report.holding is not UNSET and report.holding != fleet.holding_of(session, kiosk):
        log.warning("a kiosk holds other snapshots than it reported; all are sent again", kiosk=kiosk)
        fleet.send_all_again(session, kiosk)
