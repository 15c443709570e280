"""Rewards as bookings use them: prices, stock and new vouchers."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from hub.db.bulk import insert_rows
from hub.ledger.rules import Books
from hub.rewards import queries
from hub.rewards.models import Voucher
from protocol.errors import ErrorCode
from protocol.ids import derived_id, voucher_code

CATALOGUE = "catalogue"
"""Name of the catalogue among the documents that kiosks fetch."""


@dataclass(frozen=True, slots=True)
class RewardState:
    """A reward as a booking sees it."""

    id: UUID
    points: int
    tiers: tuple[str, ...]
    offered: bool
    limited: bool

    def refusal(self, tier: str) -> ErrorCode | None:
        """Why a member of this tier cannot have it; None where it can."""
        if not self.offered:
            return ErrorCode.REWARD_UNKNOWN
        return ErrorCode.REWARD_TIER if self.tiers and tier not in self.tiers else None


@dataclass(frozen=True, slots=True)
class NewVoucher:
    """A voucher that a booking makes."""

    spend: UUID
    member: UUID
    reward: UUID
    points: int
    kiosk: str
    store: str
    redeemed_at: datetime


@dataclass(slots=True)
class Rewards:
    """Part of a booking's working set: the rewards it names, and the vouchers it makes."""

    known: dict[UUID, RewardState] = field(default_factory=dict)
    vouchers: list[NewVoucher] = field(default_factory=list)


def stock_counter(reward: UUID) -> UUID:
    """Counter of the pieces left of a limited reward."""
    return derived_id(reward, "stock")


def load(session: Session, ids: Collection[UUID], rewards: Rewards, books: Books) -> None:
    """Load rewards, and want the stock of those that are limited."""
    for row in queries.rewards(session, ids):
        state = RewardState(row.id, row.points, tuple(row.tiers), row.offered, row.limited)
        rewards.known[row.id] = state
        if state.limited:
            books.want_counter(stock_counter(row.id))


def write(session: Session, rewards: Rewards) -> None:
    """Store new vouchers."""
    insert_rows(
        session,
        Voucher,
        ("id", "code", "member", "reward", "points", "kiosk", "store", "state", "redeemed_at"),
        [
            (v.spend, voucher_code(v.spend), v.member, v.reward, v.points, v.kiosk, v.store, "open", v.redeemed_at)
            for v in rewards.vouchers
        ],
    )
