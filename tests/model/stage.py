"""Where games are played: a founded chain with a few members, kiosks, keys and rules."""

from dataclasses import dataclass
from typing import Any, Self
from uuid import UUID

from sqlalchemy import update

from hub.db.session import Database
from hub.fleet.models import Sighting
from hub.intake import ByKey
from hub.members.models import Member
from hub.programme.service import Change, publish
from hub.staff.keys import issue_key
from hub.staff.permissions import Permission, Role
from hub.staff.service import hash_of
from protocol.events import LeaseAccepted
from tests.hub.world import START, TestKiosk, World
from tests.model.chain import Tier
from tests.model.state import Rows, dump

TERMS: dict[str, dict[str, Any]] = {
    "earning.1": {"kind": "rate", "points": 1, "per_minor": 100},
    "earning.2": {"kind": "rate", "points": 3, "per_minor": 200, "priority": 5, "categories": ["tea"]},
    "earning.3": {"kind": "multiplier", "multiplier": 25_000, "products": ["p1"], "cap_day": 60},
    "earning.4": {"kind": "bonus", "points": 7, "per": "unit", "min_minor": 2_000, "budget": 400, "cap_purchase": 20},
    "expiry": {"kind": "rolling", "months": 12},
    "cash": {"points": 3, "minor": 20, "max_share_bp": 5_000, "min_points": 6},
    "returns": {"short": "debt", "forgive": 5},
    "transfers": {"offered": True, "min": 5, "day_max": 120},
    "adjustments": {"limits": {"cashier": 50, "store_manager": 5_000}},
    "wallet": {"order": "bonus_first", "bonus_months": 2, "refund_days": 7},
    "gift.1": {"at_least": 10_000, "gift": 1_000, "points": 20, "step": 10_000, "cap_member": 4_000, "budget": 9_000},
    "gift.2": {"at_least": 5_000, "gift": 300, "tiers": ["silver", "gold"]},
    "package.wash": {"items": {"wash": 5, "wax": 2}, "price": 9_999, "valid_days": 40},
    "package.tea": {"items": {"tea": 3}, "price": 1_000},
}
"""What is in force when a game begins."""

CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("expiry", {"kind": "rolling", "months": 1}),
    ("expiry", {"kind": "rolling", "months": 1}),
    ("expiry", {"kind": "rolling", "months": 1, "pending_days": 2}),
    ("expiry", {"kind": "calendar", "months": 1, "rounding": "month"}),
    ("expiry", {"kind": "calendar", "months": 2, "rounding": "quarter"}),
    ("expiry", {"kind": "never"}),
    ("expiry", {"kind": "inactivity", "months": 1}),
    ("returns", {"short": "deny"}),
    ("returns", {"short": "debt", "forgive": 5}),
    ("wallet", {"order": "proportional", "bonus_months": 1, "refund_days": 7}),
    ("wallet", {"order": "principal_first", "refund_days": 0}),
    ("wallet", {"order": "bonus_first", "bonus_months": 2, "refund_days": 28}),
    ("cash", {"points": 5, "minor": 25, "max_share_bp": 10_000}),
    ("earning.1", {"kind": "rate", "points": 2, "per_minor": 100}),
    ("transfers", {"offered": False}),
    ("transfers", {"offered": True, "min": 1, "day_max": 300}),
]
"""What may be put in force meanwhile."""

REWARDS: dict[str, tuple[int, int | None]] = {"latte": (60, None), "tote": (200, 2)}
"""Prices in points, and how many there are."""
TIERS = (Tier("classic", 0, 10_000), Tier("silver", 1_000, 12_000), Tier("gold", 5_000, 15_000))
BLOCKED, IDENTIFIED = 3, 0
"""Which of the members are blocked, and identified."""


@dataclass(frozen=True, slots=True)
class Stage:
    """A founded chain. Many games can begin from `before`, what the database then holds.

    `cards` are by member, `rewards` by name; `keys` by the role that they have. Only the first kiosk is connected.
    """

    world: World
    cards: dict[UUID, str]
    kiosks: list[TestKiosk]
    keys: dict[Role | None, ByKey]
    rewards: dict[str, UUID]
    before: Rows

    @property
    def online(self) -> TestKiosk:
        """The kiosk that is connected."""
        return self.kiosks[0]

    @classmethod
    def build(cls, database: Database) -> Self:
        """Found a chain in an empty database: four members, two kiosks, and three keys."""
        world = World.found(database)
        members = [world.add_member(name) for name in ("林晓雨", "陈思远", "王小明", "赵丽")]
        cards = {member: world.add_card(member) for member in members}
        kiosks = [world.add_kiosk("S01"), world.add_kiosk("S02")]
        rewards = {
            name: world.add_reward(f"game.{name}", points, stock=stock) for name, (points, stock) in REWARDS.items()
        }
        keys = {role: _key(world, role) for role in (None, Role.CASHIER, Role.STORE_MANAGER)}
        with database.write() as session:
            blocked = update(Member).where(Member.id == members[BLOCKED])
            session.execute(blocked.values(state="blocked"))
            session.execute(update(Member).where(Member.id == members[IDENTIFIED]).values(identified_at=START))
            connected = {"state": "online", "connection": 1, "heartbeat": {}, "birth": None}
            session.add(Sighting(kiosk=kiosks[0].id, at=START, **connected))
            for name, document in TERMS.items():
                publish(session, Change(name, document, "test"), START)
        for kiosk in kiosks:
            # The first event makes the journal known to the hub, as the kiosk's birth does.
            world.book(world.told(kiosk, LeaseAccepted(10**6, members[0], 0)))
        return cls(world, cards, kiosks, keys, rewards, dump(database))


def _key(world: World, role: Role | None) -> ByKey:
    with world.hub.database.write() as session:
        now, random = world.clock.now, world.random.randbytes
        _key, secret = issue_key(session, "game", list(Permission), stores=[], role=role, now=now, random=random)
    return ByKey(hash_of(secret))
