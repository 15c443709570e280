"""Day ends as bookings know them: what comes to light after its day was ended is noted, member by member."""

from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from hub.day_end import queries
from hub.day_end.rules import day_of, end_of
from hub.ledger.rules import Books, is_programme


def note_late(session: Session, books: Books, zone: ZoneInfo, now: datetime) -> None:
    """Note the members whose accounts moved in a day that was ended, or is being ended.

    To be called with the accounts locked: a day end that has begun by then has seen either the movement or the note.
    """
    if all(transfer.context.effective_at >= now for transfer in books.transfers):
        return
    last = queries.last_day(session)
    if last is None:
        return
    end = end_of(last, zone)
    members: dict[UUID, date] = {}
    for transfer in books.transfers:
        at = transfer.context.effective_at
        if at < end:
            for account in (transfer.posting.debit, transfer.posting.credit):
                if not is_programme(account):
                    owner = books.accounts[account].owner
                    members[owner] = min(day_of(at, zone), members.get(owner, last))
    if members:
        queries.add_late(session, members)
