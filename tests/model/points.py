"""How a child works out points: what they cost, when they end, what is owed, and gifts between people."""

from calendar import monthrange
from datetime import datetime, timedelta
from fractions import Fraction
from math import floor, gcd
from typing import Any
from uuid import UUID

from hub.points.intake import PointsAdjusted, PointsTransferred
from tests.model.books import Lot, Terms
from tests.model.chain import Answer, Call, Chain, Member, does, no, short_of, yes
from tests.model.second import held_back

SCALE = 10_000


def shared(exact: list[Fraction]) -> list[int]:
    """Whole numbers that add up to the whole part of the sum: what is missing goes where most was cut off."""
    whole = [floor(value) for value in exact]
    missing = floor(sum(exact)) - sum(whole)
    most_cut = sorted(range(len(exact)), key=lambda place: whole[place] - exact[place])
    for place in most_cut[:missing]:
        whole[place] += 1
    return whole


def shared_like(total: int, weights: list[int]) -> list[int]:
    """A total, shared out by weights."""
    return shared([Fraction(total * weight, sum(weights)) for weight in weights])


def same_day_later(at: datetime, months: int) -> datetime:
    """So many months later, or the last day of that month where it is shorter."""
    year, month = at.year, at.month
    for _ in range(months):
        year, month = (year + 1, 1) if month == 12 else (year, month + 1)
    return at.replace(year=year, month=month, day=min(at.day, monthrange(year, month)[1]))


def points_terms(chain: Chain, source: str, at: datetime) -> Terms:
    """On what terms points are granted now. What is given by hand, or was lent already, need not wait."""
    policy = chain.term("expiry", kind="rolling", months=12, rounding="year", pending_days=0)
    cash = chain.term("cash", points=0, minor=0)
    worth = SCALE * cash["minor"] // cash["points"] if cash["points"] else 0
    local, end = at.astimezone(chain.zone), None
    if policy["kind"] in {"rolling", "calendar"}:
        end = same_day_later(local, policy["months"])
    if policy["kind"] == "calendar":
        end = end_of_period(end or local, policy["rounding"])
    start = at + timedelta(days=0 if source in {"adjustment", "lease"} else policy["pending_days"])
    return Terms(source, start, end.astimezone(at.tzinfo) if end else None, worth)


def end_of_period(day: datetime, rounding: str) -> datetime:
    """Midnight after the last day of the month, quarter or year that a day is in."""
    last = {"month": day.month, "quarter": (day.month + 2) // 3 * 3, "year": 12}[rounding]
    midnight = day.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return same_day_later(midnight, last - day.month + 1)


def price_in_points(policy: dict[str, Any], points: int, amount: int) -> int | str:
    """What points are worth for a purchase of that amount, or why they are not taken."""
    if points == 0:
        return 0
    if policy["points"] == 0:
        return "cash.not_offered"
    step = policy["points"] // gcd(policy["points"], policy["minor"])
    if points % step:
        return "cash.uneven"
    if points < policy["min_points"]:
        return "cash.too_few"
    value = points * policy["minor"] // policy["points"]
    return value if value <= amount * policy["max_share_bp"] // SCALE else "cash.over_share"


def recover(chain: Chain, call: Call, member: Member) -> int:
    """Pay back what a member owes, as far as there is something to pay with."""
    books = chain.books
    amount = min(books.held(member.debt), books.spendable(member.points))
    if amount:
        books.spend(call.transfer("debt.recovered"), member.points, amount)
        books.count(member.debt, -amount)
    return amount


def owe(chain: Chain, member: Member, amount: int) -> None:
    """Owe so many more points."""
    chain.books.count(member.debt, amount)


def expire_at_once(chain: Chain, transfer: UUID, account: UUID, lots: list[Lot]) -> int:
    """Take away what lies in lots whose time is over; how much that was."""
    over = [lot for lot in lots if lot.terms.expires_at is not None and lot.terms.expires_at <= chain.books.at]
    return chain.books.expire(transfer, account, over)


@does("points.adjusted")
def adjust(chain: Chain, call: Call) -> Answer:
    """Give or take points by hand; above the role's limit only if somebody else has agreed."""
    body = call.item.body
    assert isinstance(body, PointsAdjusted)
    if call.store not in chain.stores:
        return no("store.unknown")
    if body.member not in chain.members:
        return no("member.unknown")
    if body.points == 0:
        return no("amount.invalid")
    waits = held_back(chain, call, abs(body.points), chain.term("adjustments", limits={})["limits"].get(call.role, 0))
    if waits is not None:
        return waits
    member, books = chain.members[body.member], chain.books
    recovered = 0
    if body.points > 0:
        terms = points_terms(chain, "adjustment", call.at)
        books.grant(call.transfer("points.adjusted"), member.points, body.points, terms)
        recovered = recover(chain, call, member)
    else:
        short = -body.points - books.spendable(member.points)
        if short > 0:
            return short_of(body.member, "points.short", short)
        books.spend(call.transfer("points.adjusted"), member.points, -body.points)
    return yes(points=body.points, recovered=recovered, balance=books.held(member.points))


@does("points.transferred")
def pass_on(chain: Chain, call: Call) -> Answer:
    """Pass points on to somebody else."""
    body = call.item.body
    assert isinstance(body, PointsTransferred)
    if call.store not in chain.stores:
        return no("store.unknown")
    if body.sender not in chain.members or body.recipient not in chain.members:
        return no("member.unknown")
    if body.sender == body.recipient:
        return no("transfer.self")
    sender, recipient = chain.members[body.sender], chain.members[body.recipient]
    if sender.is_blocked or recipient.is_blocked:
        return no("member.blocked")
    policy = chain.term("transfers", offered=False, min=1, day_max=1_000)
    day = ("passed on", body.sender, call.at.astimezone(chain.zone).date())
    left = chain.room(day, policy["day_max"])
    if not policy["offered"]:
        return no("transfer.not_offered")
    if body.points < policy["min"]:
        return no("transfer.too_small")
    if body.points > left:
        return no("transfer.day_full", left=left)
    books = chain.books
    short = body.points + books.held(sender.debt) - books.spendable(sender.points)
    if short > 0:
        return short_of(body.sender, "points.short", short)
    books.move(call.transfer("points.transferred"), sender.points, recipient.points, body.points)
    chain.count(day, body.points)
    recover(chain, call, recipient)
    return yes(points=body.points, balance=books.held(sender.points), left_today=left - body.points)
