"""Versions of what kiosks keep copies of, after a restore: those given since the backup would be given once more.

A kiosk ignores what is not newer than what it has, so it would go on showing what the hub has forgotten.
"""

from datetime import datetime

from sqlalchemy import update
from sqlalchemy.orm import Session

from hub.fleet.models import Kiosk, MemberCopy, Publication
from hub.ledger.models import Account


def raise_all(session: Session, now: datetime) -> None:
    """Have every version go on from far above, and every copy of a member be sent again.

    Each rises by the milliseconds of the clock: the same backup may be restored twice, and nothing changes so often.
    """
    by = int(now.timestamp() * 1000)
    session.execute(update(Account).values(version=Account.version + by))
    session.execute(update(MemberCopy).values(wanted=MemberCopy.wanted + by))
    session.execute(update(Publication).values(version=Publication.version + by))
    session.execute(update(Kiosk).values(configuration=Kiosk.configuration + by))
