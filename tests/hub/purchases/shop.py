"""What tests of purchases share: rules put in force, and purchases that points pay for."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import select, update

from hub.ledger.models import Lot, Tally, Transfer
from hub.points.service import points_account
from hub.programme.service import Change, publish
from hub.purchases.checkout import PurchasePosted
from hub.tiers.models import Standing
from protocol.events import PurchaseLine
from tests.hub.world import World

SHANGHAI = ZoneInfo("Asia/Shanghai")

CASH = {"points": 10, "minor": 100}
"""Ten points for a yuan."""


def put(world: World, name: str, **document: Any) -> None:
    """Put a rule or policy in force."""
    with world.hub.database.write() as session:
        publish(session, Change(name, document, "test"), world.clock.now)


def move_to(world: World, local: str) -> None:
    """Set the clock to a moment in Shanghai, as 2026-11-21T10:00."""
    world.clock.now = datetime.fromisoformat(local).replace(tzinfo=SHANGHAI).astimezone(UTC)


def posted(world: World, member: UUID, *amounts: int, points: int = 0, receipt: str | None = None) -> PurchasePosted:
    """A purchase of one line for each amount, coffee and bakery in turns, with points paying for a part of it."""
    categories = ("coffee", "bakery")
    lines = [PurchaseLine(f"p{place}", categories[place % 2], 1, amount) for place, amount in enumerate(amounts)]
    number = receipt or f"R{world.random.randrange(10**9)}"
    return PurchasePosted(number, member, "CNY", world.clock.now, lines, points)


def give_tier(world: World, member: UUID, tier: str) -> None:
    """Give a member a tier, past all rules."""
    with world.hub.database.write() as session:
        session.execute(update(Standing).where(Standing.member == member).values(tier=tier))


def causes(world: World, kind: str) -> list[dict[str, Any]]:
    """The causes of all transfers of a kind, oldest first."""
    with world.hub.database.read() as session:
        query = select(Transfer.cause).where(Transfer.kind == kind).order_by(Transfer.recorded_at, Transfer.id)
        return list(session.execute(query).scalars())


def lots(world: World, member: UUID) -> list[Lot]:
    """A member's lots of points, by when they were granted."""
    with world.hub.database.read() as session:
        query = select(Lot).where(Lot.account == points_account(member)).order_by(Lot.granted_at, Lot.id)
        return list(session.execute(query).scalars())


def tallied(world: World) -> list[int]:
    """What stands on all tallies, the least first."""
    with world.hub.database.read() as session:
        return sorted(session.execute(select(Tally.used)).scalars())
