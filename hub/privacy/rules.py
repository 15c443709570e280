"""Pure rules of how long data is kept. What the law wants kept for longer, nobody can set shorter here."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from msgspec import Meta

VISITS_MAX_DAYS = 366
CONSENTS_MIN_YEARS = 3
"""Claims for damages lapse after three years (Civil Code of China, article 188): so long agreement is to be proved."""

EVENTS_MIN_YEARS = 5
"""Single-purpose prepaid cards: five years for purchases and top-ups (MOFCOM order 9 of 2012, article 15)."""

ALERTS_MIN_DAYS = 180
"""Network logs are kept for six months (Cybersecurity Law of China, article 21)."""

INACTIVE_MIN_YEARS = 2


@dataclass(frozen=True, slots=True)
class RetentionPolicy:
    """How long each kind of data is kept, in days or years of 365 days.

    `visits_days` counts from a visit's end, `consents_years` from the erasure of the member, `events_years` from when
    an event's own bytes came in (what was booked from it stays), `inactive_years` from the last movement of a member,
    who is then erased; 0 erases nobody. `uploads_days` counts from the upload of a file that nobody has run,
    `imports_days` from the end of an import, `alerts_days` from when one was closed, `approvals_days` from when a
    request would have lapsed (what was to be done goes; that it was asked, and what became of it, stays),
    `messages_days` from what a webhook told. The books, the audit log and unclaimed money are never destroyed.
    """

    visits_days: Annotated[int, Meta(ge=1, le=VISITS_MAX_DAYS)] = 7
    consents_years: Annotated[int, Meta(ge=CONSENTS_MIN_YEARS, le=30)] = 3
    events_years: Annotated[int, Meta(ge=EVENTS_MIN_YEARS, le=30)] = 5
    inactive_years: Annotated[int, Meta(ge=0, le=30)] = 0
    uploads_days: Annotated[int, Meta(ge=1, le=90)] = 7
    imports_days: Annotated[int, Meta(ge=1, le=3660)] = 90
    alerts_days: Annotated[int, Meta(ge=ALERTS_MIN_DAYS, le=3660)] = 365
    approvals_days: Annotated[int, Meta(ge=1, le=3660)] = 30
    messages_days: Annotated[int, Meta(ge=1, le=366)] = 30

    def __post_init__(self) -> None:
        """Refuse to erase members who may simply have been away."""
        if 0 < self.inactive_years < INACTIVE_MIN_YEARS:
            raise ValueError(f"members count as inactive after {INACTIVE_MIN_YEARS} years at the earliest")


def years_before(now: datetime, years: int) -> datetime:
    """A moment so many years of 365 days ago."""
    return now - timedelta(days=365 * years)
