"""Where campaigns are played: one database file, set back to a founded chain before every game.

The file lies on a memory file system where there is one. SQLite in memory would be a little quicker, but the hub keeps
its books in a file: only so can it be killed in a transaction, copied as a backup and put back. The engine is kept from
game to game, with every statement that it has compiled.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from random import Random
from uuid import UUID

from hub import migrations
from hub.composition import compose
from hub.db.session import Database
from hub.programme.service import Change, publish
from hub.stores.models import Store
from tests.hub.world import SECRETS, START, TestClock, TestKiosk, World

STORES = ("S01", "S02", "S03")
KIOSKS_PER_STORE = 2
MEMBERS = 6
REWARDS: dict[str, tuple[int, int | None]] = {"cookie": (50, None), "latte": (600, None), "mug": (150, 3)}
"""Prices in points, and how many there are."""

TERMS: dict[str, dict[str, object]] = {
    "cash": {"points": 1, "minor": 100, "max_share_bp": 10_000},
    "expiry": {"kind": "rolling", "months": 1},
    "lending": {"share_percent": 100, "cap_points": 700, "kiosks_max": 2, "min_points": 20, "stock_pieces_max": 1},
    "transfers": {"offered": True, "min": 1, "day_max": 100_000},
}
"""What is in force when a game begins: points that expire within a game, tills and members that spend them."""


@dataclass(frozen=True, slots=True)
class Founded:
    """A chain with everybody who may take part in a game."""

    till_key: str
    tills: object
    kiosks: list[TestKiosk]
    stores: dict[str, str]
    members: list[UUID]
    cards: dict[UUID, str]
    rewards: dict[str, tuple[UUID, int]]


class Arena:
    """One place to play in, for one process."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "hub.db"
        self._template = folder / "template.db"
        url = f"sqlite:///{self._template}"
        migrations.upgrade(url)
        database = Database(url)
        self._founder = World.found(database, seed=0)
        self.founded = _found(self._founder)
        database.close()
        self.database = Database(f"sqlite:///{self.file}")

    def world(self, seed: int) -> World:
        """The founded chain as a game of this seed finds it."""
        self.put(_content(self._template))
        clock, random = TestClock(START), Random(seed)
        hub = compose(self.database, SECRETS, clock=clock, random_bytes=random.randbytes)
        return World(hub, clock, random, self._founder.till_key, self._founder.tills)

    def copy(self) -> bytes:
        """A backup of the database as it stands."""
        return _content(self.file)

    def put(self, content: bytes) -> None:
        """Put a backup in the database's place, while nobody has it open."""
        self.database.close()
        for leftover in self.file.parent.glob(f"{self.file.name}*"):
            leftover.unlink()
        self.file.write_bytes(content)


def _content(file: Path) -> bytes:
    connection = sqlite3.connect(file)
    try:
        return connection.serialize()
    finally:
        connection.close()


def _found(world: World) -> Founded:
    database = world.hub.database
    with database.write() as session:
        for store in STORES[2:]:
            session.add(
                Store(
                    id=store,
                    names={"zh": store},
                    region="west",
                    jurisdiction="CN",
                    kiosks_record_purchases=True,
                    opened_at=START,
                )
            )
        for name, document in TERMS.items():
            publish(session, Change(name, document, "test"), START)
    kiosks = [(store, world.add_kiosk(store)) for _ in range(KIOSKS_PER_STORE) for store in STORES]
    members = [world.add_member() for _ in range(MEMBERS)]
    cards = {member: world.add_card(member) for member in members}
    rewards = {
        name: (world.add_reward(f"campaign.{name}", points, stock=stock), points)
        for name, (points, stock) in REWARDS.items()
    }
    stores = {kiosk.id: store for store, kiosk in kiosks}
    return Founded(world.till_key, world.tills, [kiosk for _store, kiosk in kiosks], stores, members, cards, rewards)
