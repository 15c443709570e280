"""Booking of what journals say about themselves: repairs, and events that could not be read."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from hub.intake import Entry, Outcome, Work, applied, parked
from protocol.errors import ErrorCode
from protocol.events import JournalRepaired


class JournalIntake:
    """Handles `journal.repaired` and `event.unreadable`: both are kept as facts and move nothing."""

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Nothing is named."""

    def decide(self, entry: Entry, work: Work) -> Outcome:  # noqa: ARG002
        """Keep a repair; park what could not be read until somebody has looked at it."""
        if isinstance(entry.item.body, JournalRepaired):
            return applied()
        return parked(ErrorCode.MESSAGE_UNDECODABLE)

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """The fact is all there is."""
