"""Booking of leases: what kiosks ask for, what the hub lends ahead, and what journals report of either.

The only way to redeem at a kiosk. Points move to the lease's own account when it is granted, so no other kiosk and no
till can spend them; what the kiosk reports afterwards is bookkeeping and cannot overdraw anything.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from devices.cards.keys import FleetKeys
from hub.audit.service import audit
from hub.cards.service import visits
from hub.db.bulk import insert_rows, update_rows
from hub.fleet import queries as fleet
from hub.intake import ByKiosk, Entry, Outcome, Work, applied, rejected
from hub.leases import granting, lending, passing, queries, reports, service, windows
from hub.leases.lending import Lender
from hub.leases.models import Lease, StockLease
from hub.leases.orders import CardsRenewed, LeaseRecalled, LeaseWrittenOff, PointsLent, StockLent
from hub.leases.passing import note_of, other_side
from hub.leases.reports import Reported, Told, numbers_of
from hub.leases.rules import LeaseState, Loan, StockState
from hub.leases.seals import Sealer
from hub.leases.service import Leases
from hub.ledger.rules import Books
from hub.rewards import service as rewards_service
from hub.rewards.service import Rewards
from hub.tiers.service import Standings
from protocol.errors import ErrorCode
from protocol.events import LeaseAccepted, LeaseClosed, LeasePassed, LeaseSpent, LeaseTaken, StockAccepted
from protocol.passes import PassNote
from protocol.requests import AskLease

Named = Reported | LeaseWrittenOff | LeaseRecalled
"""Everything that names a lease by its number."""


class LeaseIntake:
    """Handles all that begins with `lease.`, and `points.lent`, `stock.lent`, `stock.accepted` and `cards.renewed`."""

    def __init__(self, keys: FleetKeys, seal_key: bytes) -> None:
        self._lender = Lender(Sealer(seal_key), keys)

    def load(self, session: Session, entries: Sequence[Entry], work: Work) -> None:
        """Find the leases, visits and cards that are named, and want the accounts behind them."""
        leases, bodies = work.part(Leases), [entry.item.body for entry in entries]
        asked = [body for body in bodies if isinstance(body, AskLease)]
        _load_leases(session, entries, {body.spend for body in asked}, leases)
        leases.visits = visits(session, {body.visit for body in asked})
        notes = [note for body in bodies if (note := note_of(body)) is not None]
        leases.device_keys = fleet.device_keys(session, {note.kiosk for note in notes}) if notes else {}
        spends = {body.spend for body in bodies if isinstance(body, LeaseSpent)}
        leases.redeemed = queries.redeemed(session, spends) if spends else set()
        _load_cards(session, bodies, leases)
        _want_members(bodies, work)
        rewards_service.load(session, _rewards(bodies, leases), work.part(Rewards), work.part(Books))

    def decide(self, entry: Entry, work: Work) -> Outcome:
        """Grant, lend, or book what is reported."""
        match entry.item.body:
            case AskLease() as body:
                return granting.grant(entry, body, work, self._lender.sealer)
            case PointsLent() as body:
                return self._lender.lend_points(entry, body, work)
            case StockLent() as body:
                return self._lender.lend_stock(entry, body, work)
            case CardsRenewed() as body:
                return self._lender.renew_cards(body, work)
            case LeaseRecalled() as body:
                return lending.recall(entry, body, work)
            case LeaseWrittenOff() as body:
                return reports.write_off(entry, body, work)
            case LeasePassed() | LeaseTaken() as body:
                return self._pass(entry, body, work)
            case _:
                refusal = self._report(entry, work)
                return applied() if refusal is None else rejected(refusal)

    def write(self, session: Session, work: Work, now: datetime) -> None:
        """Store new and changed leases."""
        part = work.part(Leases)
        _write_leases(session, part.by_number.values(), now)
        _write_stocks(session, part.stocks.values(), now)
        windows.write(session, part)
        for act in part.acts:
            audit(session, act, now, work.random_bytes)

    def _pass(self, entry: Entry, body: LeasePassed | LeaseTaken, work: Work) -> Outcome:
        told = _told(entry, work)
        if told is None:
            return rejected(ErrorCode.LEASE_UNKNOWN)
        if isinstance(body, LeasePassed):
            return passing.give(told, body, self._lender)
        return passing.take(told, body, self._lender.sealer)

    def _report(self, entry: Entry, work: Work) -> ErrorCode | None:
        told = _told(entry, work)
        if told is None:
            return ErrorCode.LEASE_UNKNOWN
        match entry.item.body:
            case LeaseAccepted() as body:
                return reports.accept(told, body, self._lender.sealer)
            case StockAccepted() as body:
                return reports.accept_stock(told, body, self._lender.sealer)
            case LeaseSpent() as body:
                return reports.spend(told, body)
            case LeaseClosed() as body:
                return reports.close(told, body)
            case body:
                raise AssertionError(f"no lease is reported by {type(body).__name__}")


def _told(entry: Entry, work: Work) -> Told | None:
    source = entry.item.source
    if not isinstance(source, ByKiosk) or source.place is None:
        return None
    return Told(entry, source.kiosk, source.place.epoch, work)


def _load_leases(session: Session, entries: Sequence[Entry], spends: set[UUID], leases: Leases) -> None:
    numbers = {number for entry in entries for number in _numbers(entry)}
    if not numbers and not spends:
        return
    for row in queries.leases(session, numbers, spends):
        leases.add(LeaseState(**row._mapping))  # noqa: SLF001 - public
    for row in queries.stock_leases(session, numbers) if numbers else ():
        leases.stocks[row.kiosk, row.number] = StockState(**row._mapping)  # noqa: SLF001 - public


def _numbers(entry: Entry) -> Iterable[tuple[str, int]]:
    """Kiosk and number of the leases that something is about."""
    body = entry.item.body
    other = other_side(body)
    if other is not None:
        yield other
    if isinstance(body, Named):
        kiosk = body.kiosk if isinstance(body, LeaseWrittenOff | LeaseRecalled) else entry.caller.kiosk or ""
        for number in numbers_of(body) if isinstance(body, Reported) else (body.lease,):
            yield kiosk, number


def _load_cards(session: Session, bodies: Sequence[object], leases: Leases) -> None:
    lent = [body for body in bodies if isinstance(body, PointsLent | CardsRenewed)]
    takers = {body.to for body in bodies if isinstance(body, LeasePassed)}
    if not lent and not takers:
        return
    members = {body.member for body in lent}
    if takers:
        # Of whom a fence is, its lease says, which may be taken up in this very booking.
        members |= {lease.member for lease in leases.by_spend.values()} | set(_accepting(bodies))
    windows.load(session, members, {body.kiosk for body in lent} | takers, leases)


def _accepting(bodies: Sequence[object]) -> Iterator[UUID]:
    """Members of whom a lease may have to be taken up again."""
    for body in bodies:
        said = note_of(body) if isinstance(body, LeaseTaken) else body
        if isinstance(said, LeaseAccepted | PassNote):
            yield said.member


def _want_members(bodies: Sequence[object], work: Work) -> None:
    leases, books = work.part(Leases), work.part(Books)
    members = {body.member for body in bodies if isinstance(body, PointsLent)} | set(_accepting(bodies))
    members |= {visit.member for visit in leases.visits.values()}
    work.part(Standings).wanted |= members
    for member in members:
        service.want_member(member, books)
    for lease in leases.by_spend.values():
        service.want(lease, books)


def _rewards(bodies: Sequence[object], leases: Leases) -> set[UUID]:
    named = {body.reward for body in bodies if isinstance(body, AskLease | StockLent | StockAccepted | LeaseSpent)}
    named |= {lease.reward for lease in leases.by_spend.values() if lease.reward is not None}
    return named | {stock.reward for stock in leases.stocks.values()}


_LOAN = ("kiosk", "number", "spent", "state", "recalled_at", "closed_at")


def _loan_row(loan: Loan, now: datetime) -> tuple[object, ...]:
    closed_at = now if loan.is_ended else None
    return loan.kiosk, loan.number, loan.spent, loan.state, loan.recalled_at, closed_at


def _write_leases(session: Session, leases: Iterable[LeaseState], now: datetime) -> None:
    new = [lease for lease in leases if lease.is_new]
    columns = (*_LOAN, "epoch", "member", "reward", "spend", "points", "deadline", "granted_at")
    rows = [(*_loan_row(x, now), x.epoch, x.member, x.reward, x.spend, x.points, x.deadline, now) for x in new]
    insert_rows(session, Lease, columns, rows)
    changed = [_loan_row(lease, now) for lease in leases if lease.is_changed and not lease.is_new]
    update_rows(session, Lease, _LOAN[:2], _LOAN[2:], rows=changed)


def _write_stocks(session: Session, stocks: Iterable[StockState], now: datetime) -> None:
    new = [stock for stock in stocks if stock.is_new]
    columns = (*_LOAN, "epoch", "reward", "pieces", "missing", "deadline", "granted_at")
    rows = [(*_loan_row(x, now), x.epoch, x.reward, x.pieces, x.missing, x.deadline, now) for x in new]
    insert_rows(session, StockLease, columns, rows)
    changed = [_loan_row(stock, now) for stock in stocks if stock.is_changed and not stock.is_new]
    update_rows(session, StockLease, _LOAN[:2], _LOAN[2:], rows=changed)
