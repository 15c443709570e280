"""Judging members by the policy of lending: what is known of many at once, and what is to be booked for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from hub.intake import Item
from hub.leases import round_queries as queries
from hub.leases.lending_rules import NOTHING, PAUSE_S, Held, Holding, LendingPolicy, Plan, Visited, plan_for
from hub.leases.orders import POINTS_LENT, RENEWED, CardsRenewed, PointsLent, order, recall
from hub.ledger import queries as ledger
from hub.points.service import points_account
from hub.programme import service as programme
from protocol.ids import derived_id
from protocol.limits import VERIFIERS_MAX

TERM = "lending"


@dataclass(frozen=True, slots=True)
class Judged:
    """What is to be done for one member, and by which version of its points that was judged.

    `is_over` says that it need not be looked at again until it comes again.
    """

    member: UUID
    version: int
    plan: Plan
    items: tuple[Item, ...]
    is_over: bool


@dataclass(frozen=True, slots=True)
class Known:
    """What was found of some members, by member; `epochs` by kiosk and number of a lease."""

    policy: LendingPolicy
    figures: dict[UUID, Any]
    visits: dict[UUID, list[Visited]]
    worn: dict[UUID, list[tuple[str, int]]]
    leaving: set[UUID]
    held: dict[UUID, list[Held]] = field(default_factory=dict)
    called_back: dict[UUID, datetime] = field(default_factory=dict)
    epochs: dict[tuple[str, int], UUID] = field(default_factory=dict)

    def note(self, row: Any) -> None:
        """Note a lease that is open, or was called back just now."""
        if row.recalled_at is not None:
            self.called_back[row.member] = max(row.recalled_at, self.called_back.get(row.member, row.recalled_at))
        if row.closed_at is None:
            self.epochs[row.kiosk, row.number] = row.epoch
            one = Held(row.kiosk, row.number, row.rest, row.granted_at, row.deadline, row.recalled_at is not None)
            self.held.setdefault(row.member, []).append(one)

    def judged(self, row: Any, now: datetime) -> Judged:
        """What is to be done for one of them."""
        figures = self.figures[row.id]
        holding = Holding(
            tier=row.tier,
            home_store=row.home_store,
            spendable=figures.spendable,
            visits=self.visits.get(row.id, []),
            held=self.held.get(row.id, []),
            called_back_at=self.called_back.get(row.id),
        )
        # Who may not redeem, or is about to be erased, is lent nothing.
        is_lent_to = row.state == "active" and row.id not in self.leaving
        policy = self.policy if is_lent_to else replace(self.policy, share_percent=0)
        plan = plan_for(policy, holding, now)
        is_long_ago = row.visited_at + timedelta(days=policy.visited_within_days) <= now
        is_over = is_long_ago and not holding.held and not plan.lend
        return Judged(row.id, figures.version, plan, tuple(self._items(row.id, plan, now)), is_over)

    def _items(self, member: UUID, plan: Plan, now: datetime) -> Iterator[Item]:
        for lease in plan.recall:
            yield recall(self.epochs[lease], *lease, now)
        for kiosk, points in plan.lend:
            # What the member has changes with what is lent, so the same state never lends twice.
            name = f"{POINTS_LENT}.{kiosk}.{self.figures[member].version}"
            yield order(PointsLent(kiosk, member, points), derived_id(member, name), now)
        for kiosk, counter in self.worn.get(member, ()):
            item_id = derived_id(member, f"{RENEWED}.{kiosk}.{counter}")
            yield order(CardsRenewed(kiosk, member), item_id, now)


def policy_in_force(session: Session) -> LendingPolicy:
    """What is lent now; nothing where the term was withdrawn."""
    terms = programme.in_force(session)
    return terms.policy(TERM, LendingPolicy) if TERM in terms.versions else NOTHING


def judge(session: Session, members: Sequence[UUID], now: datetime) -> list[Judged]:
    """What is to be done for members, by the policy in force."""
    accounts = {points_account(member): member for member in members}
    worn: dict[UUID, list[tuple[str, int]]] = {}
    for row in queries.worn_windows(session, members, VERIFIERS_MAX // 2):
        worn.setdefault(row.member, []).append((row.kiosk, row.counter))
    known = Known(
        policy=policy_in_force(session),
        figures={accounts[row.id]: row for row in ledger.holdings(session, accounts, now, now)},
        visits=_visits(session, members),
        worn=worn,
        leaving=queries.leaving(session, members),
    )
    for row in queries.held(session, members, now - timedelta(seconds=PAUSE_S)):
        known.note(row)
    return [known.judged(row, now) for row in queries.members(session, members)]


def _visits(session: Session, members: Sequence[UUID]) -> dict[UUID, list[Visited]]:
    rows = list(queries.places(session, members))
    states: dict[str, set[str]] = {}
    for stream in queries.streams(session, {row.id for row in rows}):
        states.setdefault(stream.kiosk, set()).add(stream.state)
    visits: dict[UUID, list[Visited]] = {}
    for row in rows:
        known = states.get(row.id, set())
        is_ready = row.state == "active" and row.connection == "online"
        is_ready = is_ready and "accepted" in known and "pending" not in known
        visits.setdefault(row.member, []).append(Visited(row.id, row.store, row.at, is_ready))
    return visits
