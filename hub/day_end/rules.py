"""Pure rules of day ends: where a local day ends, which days are due, and what a long silence does to points."""

from calendar import monthrange
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from msgspec import Meta

POLICY = "day_end"
"""Name of the policy of day ends among the programme's terms."""

DAY = timedelta(days=1)

EXPIRY_REVERSED = "points.expiry_reversed"
"""Kind of the transfer by which points come back that were lost by silence, though there was none."""


@dataclass(frozen=True, slots=True)
class DayEndPolicy:
    """How long after midnight a day is ended: kiosks and tills have so long to send what still belongs to it."""

    day_end_grace_minutes: Annotated[int, Meta(ge=0, le=24 * 60)] = 30

    @property
    def grace(self) -> timedelta:
        """The same as a span of time."""
        return timedelta(minutes=self.day_end_grace_minutes)


def day_of(at: datetime, zone: ZoneInfo) -> date:
    """The local day that a moment falls on."""
    return at.astimezone(zone).date()


def end_of(day: date, zone: ZoneInfo) -> datetime:
    """The moment, in UTC, at which a local day is over: the first of the next day.

    Where clocks skip that midnight it is the moment of the skip; where midnight comes twice it is the first.
    """
    following = day + DAY
    return datetime(following.year, following.month, following.day, tzinfo=zone).astimezone(UTC)


def last_over(now: datetime, grace: timedelta, zone: ZoneInfo) -> date:
    """The last local day that is over, and its grace too."""
    return day_of(now - grace, zone) - DAY


def due_days(last: date | None, newest: date) -> Iterable[date]:
    """Days to be ended, oldest first, where `last` was the last one to be; the very first is the newest alone.

    What the days before the first one would have done, the first one does.
    """
    day = newest if last is None else last + DAY
    while day <= newest:
        yield day
        day += DAY


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or that month's last."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def silent_since(day: date, months: int, zone: ZoneInfo) -> datetime:
    """The moment after which something must have happened for points to outlive the end of a day."""
    return end_of(months_before(day + DAY, months) - DAY, zone)


def notice_until(day: date, notice_days: int, zone: ZoneInfo) -> datetime:
    """Up to which expiry the end of a day gives notice."""
    return end_of(day + timedelta(days=notice_days), zone)


@dataclass(frozen=True, slots=True)
class Lapse:
    """Points that a member lost because nothing had happened after `since`, up to the end of a day at `at`."""

    since: datetime
    at: datetime

    def is_contradicted(self, moments: Iterable[datetime]) -> bool:
        """Tell whether something did happen in that time; `moments` are when movements counted."""
        return any(self.since < moment <= self.at for moment in moments)
