"""What the programme owes its members at a moment, by what was recorded up to then: the same figures years later.

Value is counted lot by lot, each at what it was worth when it was granted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from hub.finance import queries as reports
from hub.finance.rules import POLICY, LiabilityPolicy, age_bucket, breakage, half_even
from hub.ledger import queries
from hub.ledger.rules import VALUE_SCALE
from hub.packages.service import COUNTS
from hub.points.rules import CashPolicy
from hub.points.service import EXPIRED, LEASED, OWED, PAID_WITH_POINTS, POINTS, QUALIFYING_ISSUED, REDEEMED, WRITTEN_OFF
from hub.programme.models import Term
from hub.programme.service import Terms, Version
from hub.stores import service as stores
from hub.wallet.service import BONUS, PRINCIPAL
from protocol.ids import part_id

SPENT_ON = (REDEEMED, PAID_WITH_POINTS, WRITTEN_OFF)
"""Where points go that were redeemed; what was written off was spent at a kiosk that nobody heard of again."""

NEVER = "never"


@dataclass(slots=True)
class Points:
    """Points that members hold, by where they are, how old they are and when they expire; `worth` is scaled."""

    outstanding: int = 0
    spendable: int = 0
    pending: int = 0
    expired: int = 0
    lent: int = 0
    held: int = 0
    unvalued: int = 0
    worth: int = 0
    by_age: dict[str, int] = field(default_factory=dict)
    by_expiry: dict[str, int] = field(default_factory=dict)

    def add(self, lot: Any, at: datetime, zone: ZoneInfo, cash_value: int) -> None:
        """Count a lot; where its grant does not say what a point is worth, it is what points are worth as cash now."""
        self.outstanding += lot.rest
        where = _where(lot, at)
        setattr(self, where, getattr(self, where) + lot.rest)
        self.unvalued += 0 if lot.unit_value else lot.rest
        self.worth += lot.rest * (lot.unit_value or cash_value)
        _count(self.by_age, age_bucket(lot.granted_at, at), lot.rest)
        # What expires at midnight belongs to the month that ends with it.
        end = (lot.expires_at - queries.INSTANT).astimezone(zone) if lot.expires_at else None
        _count(self.by_expiry, end.strftime("%Y-%m") if end else NEVER, lot.rest)


@dataclass(slots=True)
class Held:
    """Everything that lots hold: points, money by unit, book and store of the top-up, and counts by unit."""

    points: Points = field(default_factory=Points)
    money: dict[tuple[str, str, str], int] = field(default_factory=dict)
    counts: dict[str, tuple[int, int]] = field(default_factory=dict)
    by_unit: dict[str, int] = field(default_factory=dict)


def liability(session: Session, at: datetime) -> dict[str, Any]:
    """The figures of a moment, ready to be stored or shown; `difference` is 0 for every unit where the books tie."""
    terms = _terms_known_at(session, at)
    policy, cash = terms.policy(POLICY, LiabilityPolicy), terms.policy("cash", CashPolicy)
    held = _held(session, at, cash.minor * VALUE_SCALE // cash.points if cash.points else 0)
    balances = queries.programme_balances(session, at)
    return {
        "at": at.isoformat(),
        "points": _points(held.points, balances, policy),
        "stored_value": _money(held.money),
        "counts": [
            {"unit": unit, "outstanding": count, "value_at_grant": minor(worth)}
            for unit, (count, worth) in sorted(held.counts.items())
        ],
        "programme": [
            {"account": account.int, "unit": unit, "balance": balance}
            for (account, unit), balance in sorted(balances.items())
        ],
        "difference": _difference(held.by_unit, balances),
    }


def _difference(held: dict[str, int], balances: dict[tuple[UUID, str], int]) -> dict[str, int]:
    """What members hold and what the programme holds, together; debts and qualifying points lie in no lots."""
    sums = dict(held)
    for (account, unit), balance in balances.items():
        if account not in {OWED, QUALIFYING_ISSUED}:
            _count(sums, unit, balance)
    return dict(sorted(sums.items()))


def _terms_known_at(session: Session, at: datetime) -> Terms:
    """The terms that were in force at a moment."""
    latest = select(Term.name, func.max(Term.version).label("version")).where(Term.made_at <= at).group_by(Term.name)
    newest = latest.subquery()
    query = select(Term).join(newest, (Term.name == newest.c.name) & (Term.version == newest.c.version))
    rows = session.execute(query.where(Term.withdrawn.is_(False))).scalars()
    return Terms(versions={row.name: Version(row.name, row.version, row.document) for row in rows})


def minor(scaled: int) -> int:
    """A sum of amounts times their unit values, in minor units, rounded half even once."""
    return half_even(scaled, VALUE_SCALE)


def _held(session: Session, at: datetime, cash_value: int) -> Held:
    held, zone = Held(), stores.zone(session)
    later, sold_in = _granted_after(session, at), _stores_of(session, at)
    for lot in reports.lots_known_at(session, at):
        if lot.id in later:
            continue
        _count(held.by_unit, lot.unit, lot.rest)
        if lot.unit == POINTS:
            held.points.add(lot, at, zone, cash_value)
        elif lot.home == COUNTS:
            count, worth = held.counts.get(lot.unit, (0, 0))
            held.counts[lot.unit] = (count + lot.rest, worth + lot.rest * lot.unit_value)
        else:
            store = sold_in.get(lot.origin or lot.id, "")
            _count(held.money, (lot.unit, lot.home, store), lot.rest)
    return held


def _granted_after(session: Session, at: datetime) -> set[UUID]:
    """Ids of the lots that did not exist yet; they are derived from the transfers that made them."""

    def lots() -> Iterator[UUID]:
        for row in reports.granted_after(session, at):
            yield part_id(row.id, "lot")
            yield from (part_id(row.id, f"lot.{number}") for number in range(row.lots))

    return set(lots())


def _stores_of(session: Session, at: datetime) -> dict[UUID, str]:
    """The store of the top-up that each lot of money was granted for."""
    grants = reports.grants_to(session, (PRINCIPAL, BONUS), at)
    return {part_id(row.id, "lot"): str(row.cause.get("store", "")) for row in grants}


def _where(lot: Any, at: datetime) -> str:
    if lot.book == LEASED:
        return "lent"
    if lot.book != POINTS:
        return "held"
    if lot.expires_at is not None and lot.expires_at <= at:
        return "expired"
    return "pending" if lot.active_from > at else "spendable"


def _points(points: Points, balances: dict[tuple[UUID, str], int], policy: LiabilityPolicy) -> dict[str, Any]:
    redeemed = sum(balances.get((account, POINTS), 0) for account in SPENT_ON)
    gone = balances.get((EXPIRED, POINTS), 0)
    expected = breakage(points.outstanding, redeemed, gone, policy.expected_redemption_bp)
    value = minor(points.worth)
    owed = half_even(value * expected.redeemable, points.outstanding) if points.outstanding else 0
    return {
        "outstanding": points.outstanding,
        "spendable": points.spendable,
        "pending": points.pending,
        "expired_not_booked": points.expired,
        "lent": points.lent,
        "held": points.held,
        "owed_by_members": -balances.get((OWED, POINTS), 0),
        "redeemed_so_far": redeemed,
        "expired_so_far": gone,
        "by_age_months": dict(sorted(points.by_age.items(), key=lambda bucket: int(bucket[0].split("-")[0]))),
        "by_expiry_month": dict(sorted(points.by_expiry.items())),
        "value_at_grant": value,
        "without_value_at_grant": points.unvalued,
        "expected_redemption_bp": policy.expected_redemption_bp,
        "redeemable": expected.redeemable,
        "breakage": expected.never,
        "liability": owed,
        "breakage_value": value - owed,
    }


def _money(money: dict[tuple[str, str, str], int]) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for (unit, book, store), amount in sorted(money.items()):
        entry = found.setdefault(unit, {"unit": unit, PRINCIPAL: 0, BONUS: 0, "by_store": {}})
        entry[book] += amount
        entry["by_store"].setdefault(store, {PRINCIPAL: 0, BONUS: 0})[book] += amount
    return list(found.values())


def _count(figures: dict[Any, int], key: Any, amount: int) -> None:
    figures[key] = figures.get(key, 0) + amount
