"""How a child ends its days: what was put aside too long goes back, and what is too old is thrown away."""

from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from hub.holds.service import HoldExpired
from hub.intake import ByJob, Item
from protocol.ids import derived_id, part_id
from tests.model.books import Lot
from tests.model.chain import Chain, Member
from tests.model.holds import Hold

DAY = timedelta(days=1)
GRACE = timedelta(minutes=30)


@dataclass(frozen=True, slots=True)
class Lapse:
    """Points that were thrown away because nothing had happened from one moment to another."""

    member: Member
    transfer: UUID
    since: datetime
    until: datetime


def end_days(chain: Chain) -> None:
    """End every day that is over and was not ended yet; then put right what turned out to be wrong."""
    newest = (chain.now - GRACE).astimezone(chain.zone).date() - DAY
    day = chain.notes.get(("last day",), newest - DAY) + DAY
    while day <= newest:
        _end(chain, day)
        chain.notes[("last day",)] = day
        day += DAY
    if ("last day",) in chain.notes:
        _put_right(chain, chain.notes[("last day",)])


def _midnight(chain: Chain, day: date) -> datetime:
    """When a day is over."""
    after = day + DAY
    return datetime(after.year, after.month, after.day, tzinfo=chain.zone).astimezone(chain.now.tzinfo)


def _end(chain: Chain, day: date) -> None:
    at = _midnight(chain, day)
    for hold in [note for note in chain.notes.values() if isinstance(note, Hold)]:
        if hold.state == "open" and hold.deadline <= at:
            expiry = derived_id(hold.id, "hold.expired")
            chain.do(Item(expiry, "hold.expired", HoldExpired(hold.id), ByJob("holds"), b"", at))
    chain.books.now, chain.books.at = chain.now, at
    _throw_away(chain, at, f"expired.{day}")
    policy = chain.term("expiry", kind="rolling", months=12)
    if policy["kind"] == "inactivity":
        since = _midnight(chain, _months_before(day + DAY, policy["months"]) - DAY)
        for member in chain.members.values():
            _lapse(chain, member, day, (since, at))


def _throw_away(chain: Chain, at: datetime, name: str) -> None:
    accounts = [member.points for member in chain.members.values()]
    accounts += [member.bonus for member in chain.members.values()]
    accounts += [derived_id(member, f"count.{item}") for member in chain.members for item in ("wash", "wax", "tea")]
    for account in accounts:
        lots = [lot for lot in chain.books.lots.get(account, []) if lot.terms.expires_at and lot.terms.expires_at <= at]
        chain.books.expire(derived_id(account, name), account, lots)


def _lapse(chain: Chain, member: Member, day: date, span: tuple[datetime, datetime]) -> None:
    since, until = span
    if any(since < moment <= until for moment in chain.books.moved.get(member.points, [])):
        return
    fact = derived_id(member.points, f"lapsed.{day}")
    lots: list[Lot] = [lot for lot in chain.books.lots.get(member.points, []) if lot.granted_at <= until]
    if chain.books.expire(part_id(fact, "points.expired"), member.points, lots):
        chain.notes["lapse", fact] = Lapse(member, part_id(fact, "points.expired"), since, until)


def _months_before(day: date, months: int) -> date:
    year, month = day.year, day.month
    for _ in range(months):
        year, month = (year - 1, 12) if month == 1 else (year, month - 1)
    return date(year, month, min(day.day, monthrange(year, month)[1]))


def _put_right(chain: Chain, last: date) -> None:
    """Give back what somebody lost by a silence that was none; what has expired by then is thrown away after all."""
    chain.books.now = chain.books.at = chain.now
    for name, lapse in [(name, note) for name, note in chain.notes.items() if isinstance(note, Lapse)]:
        moments = chain.books.moved.get(lapse.member.points, [])
        if any(lapse.since < moment <= lapse.until for moment in moments):
            chain.books.unexpire(lapse.member.points, lapse.transfer)
            del chain.notes[name]
    _throw_away(chain, _midnight(chain, last), f"expired.late.{chain.now}")
