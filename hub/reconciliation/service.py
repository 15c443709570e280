"""Rejected acts as bookings and snapshots use them: taken down when they are rejected, and told until they are seen."""

from collections.abc import Collection, Sequence
from dataclasses import astuple, dataclass, field
from datetime import datetime
from uuid import UUID

from msgspec import Struct
from sqlalchemy.orm import Session

from hub.db.bulk import update_rows
from hub.intake import Entry, Outcome, Work
from hub.ledger.rules import Books
from hub.points.service import points_account
from hub.programme.service import Programme
from hub.purchases.checkout import Offer, basket_of, check_out
from hub.reconciliation import queries
from hub.reconciliation.models import Rejection
from hub.reconciliation.rules import NOTICE_LASTS, is_told
from hub.stores.service import Places
from hub.tiers.service import Standings
from protocol.events import LeaseSpent, PurchaseRecorded
from protocol.limits import NOTICES_MAX
from protocol.state import Notice


@dataclass(frozen=True, slots=True)
class Promised:
    """What an act would have moved, and what making it good needs to know."""

    points: int = 0
    amount: int = 0
    promise: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Settled:
    """Who had a promise kept, who said yes to it, and why."""

    at: datetime
    by: str
    approved_by: str
    reason: str


@dataclass(slots=True)
class Rejections:
    """Part of a booking's working set: those that it meets again, and what becomes of them.

    `vouchers` are those that there are already of what they promised; `untold` are the accounts of members who are to
    be told of new ones.
    """

    known: dict[UUID, Rejection] = field(default_factory=dict)
    vouchers: set[UUID] = field(default_factory=set)
    settled: dict[UUID, Settled] = field(default_factory=dict)
    seen: dict[UUID, datetime] = field(default_factory=dict)
    untold: set[UUID] = field(default_factory=set)

    def state_of(self, rejection: Rejection) -> str:
        """How a rejection stands, after what this booking has decided."""
        return "compensated" if rejection.id in self.settled else rejection.state


def note(session: Session, rejected: Sequence[tuple[Entry, Outcome]], work: Work, now: datetime) -> None:
    """Take down events of kiosks that are rejected. To be called before the ledger is written."""
    if not rejected:
        return
    queries.insert(session, [_row(entry, outcome, work, now) for entry, outcome in rejected])
    books, part = work.part(Books), work.part(Rejections)
    for entry, outcome in rejected:
        member = _member_of(entry.item.body)
        if member is None or not is_told(entry.item.kind, outcome.code or ""):
            continue
        account = points_account(member)
        if account in books.accounts:
            books.touch(account)
        else:
            part.untold.add(account)


def raise_versions(session: Session, work: Work) -> dict[UUID, int]:
    """New versions of the snapshots that now tell of something, where the booking did not change them itself."""
    untold = work.part(Rejections).untold
    return queries.raise_versions(session, untold) if untold else {}


def write(session: Session, part: Rejections) -> None:
    """Store what was settled, and what members have seen."""
    settled = [(id_, "compensated", *astuple(done)) for id_, done in part.settled.items()]
    columns = ("state", "settled_at", "settled_by", "approved_by", "reason")
    update_rows(session, Rejection, ("id",), columns, rows=settled)
    update_rows(session, Rejection, ("id",), ("seen_at",), rows=list(part.seen.items()))


def notices(session: Session, members: Collection[UUID], now: datetime) -> dict[UUID, list[Notice]]:
    """What members are to be told, the newest first."""
    found: dict[UUID, list[Notice]] = {}
    for row in queries.unseen(session, members, now - NOTICE_LASTS):
        if not is_told(row.kind, row.code):
            continue
        mine = found.setdefault(row.member, [])
        if len(mine) < NOTICES_MAX:
            plain = {name: value for name, value in row.data.items() if isinstance(value, int | str)}
            mine.append(Notice(row.id, row.code, row.at, plain | {"kind": row.kind, "act_points": row.points}))
    return found


def _member_of(body: Struct) -> UUID | None:
    member = getattr(body, "member", None)
    return member if isinstance(member, UUID) else None


def _row(entry: Entry, outcome: Outcome, work: Work, now: datetime) -> tuple[object, ...]:
    promised = _promised(entry, work)
    return (
        *(entry.item.id, entry.caller.kiosk, entry.caller.store, _member_of(entry.item.body), entry.item.kind),
        *(outcome.code, outcome.result, promised.promise, promised.points, promised.amount),
        *(entry.moment.effective_at, now, None, "open", None, "", "", ""),
    )


def _promised(entry: Entry, work: Work) -> Promised:
    match entry.item.body:
        case LeaseSpent() as spent:
            return Promised(spent.points, 0, {"spend": str(spent.spend), "reward": str(spent.reward)})
        case PurchaseRecorded() as bought:
            amount = sum(line.amount for line in bought.lines)
            return Promised(_earned(entry, bought, work), amount, {"receipt": bought.receipt})
        case _:
            return Promised()


def _earned(entry: Entry, bought: PurchaseRecorded, work: Work) -> int:
    """What the purchase would have earned by the terms in force; caps and budgets are not looked at."""
    standings = work.part(Standings)
    if bought.member not in standings.members:
        return 0
    at = entry.moment.effective_at.astimezone(work.part(Places).zone)
    basket = basket_of(bought, entry.caller.store, at, standings)
    checkout = check_out(basket, 0, Offer.of(work.part(Programme).terms), lambda _tally, limit: limit)
    return 0 if isinstance(checkout, tuple) else sum(checkout.earned.points)
