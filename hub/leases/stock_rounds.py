"""Rounds of lending stock: every kiosk that is connected has a few pieces of each limited reward to give out alone."""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from itertools import islice
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db.session import Database
from hub.intake import Item, Outcome
from hub.leases import round_queries as queries
from hub.leases.judging import TERM, policy_in_force
from hub.leases.lending_rules import PAUSE_S, Pieces, plan_stock, stock_to_recall
from hub.leases.models import StockLease
from hub.leases.orders import STOCK_LENT, StockLent, order, recall
from hub.rewards.service import stock_counter
from protocol.ids import derived_id

KIOSKS_MAX = 5_000
ROUND_MAX_ITEMS = 400


def lend_stock(database: Database, book: Callable[[Sequence[Item]], list[Outcome]], now: datetime) -> int:
    """Lend and call back what the policy says, up to a maximum; how much that was."""
    with database.snapshot() as session:
        if queries.term_version(session, TERM) == 0:
            return 0
        items = list(islice(_items(session, now), ROUND_MAX_ITEMS))
    if items:
        book(items)
    return len(items)


def _items(session: Session, now: datetime) -> Iterator[Item]:
    policy = policy_in_force(session)
    paused = now - timedelta(seconds=PAUSE_S)
    held: dict[UUID, list[StockLease]] = {}
    for lease in queries.stock_held(session, paused):
        held.setdefault(lease.reward, []).append(lease)
    for leases in held.values():
        lying = {(lease.kiosk, lease.number): lease for lease in leases if lease.closed_at is None}
        for pieces in stock_to_recall(policy, [_pieces(lease) for lease in lying.values()], now):
            yield recall(lying[pieces.kiosk, pieces.number].epoch, pieces.kiosk, pieces.number, now)
    rewards = queries.limited_rewards(session) if policy.stock_pieces_max else []
    remaining = queries.remaining(session, [stock_counter(reward) for reward in rewards])
    kiosks = queries.ready_kiosks(session, KIOSKS_MAX) if rewards else []
    for reward in rewards:
        there, leases = remaining.get(stock_counter(reward), 0), held.get(reward, [])
        if any(lease.recalled_at is not None and lease.recalled_at > paused for lease in leases):
            # It was wanted elsewhere just now.
            continue
        plan = plan_stock(policy, there, kiosks, [_pieces(lease) for lease in leases if lease.closed_at is None])
        for kiosk, count in plan.items():
            item_id = derived_id(reward, f"{STOCK_LENT}.{kiosk}.{int(now.timestamp())}")
            yield order(StockLent(kiosk, reward, count), item_id, now)


def _pieces(lease: StockLease) -> Pieces:
    return Pieces(lease.kiosk, lease.number, lease.granted_at, lease.deadline, lease.recalled_at is not None)
