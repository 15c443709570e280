"""A kiosk without reader and window: real journal, outbox, conductor and line. A till beside it sells all the time, and
somebody may come and redeem.

Run as `python -m tests.journeys.headless PLAN`, where PLAN is a JSON file of a `Plan`. It says in a file which events
it was told are durable, so that whoever kills it knows what must never be lost.
"""

import os
import signal
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Self
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import structlog
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from kiosk.clock import SystemClock, system_random, wall_time
from kiosk.conductor import Conductor, Stage
from kiosk.happenings import Happening
from kiosk.link.mqtt import connect
from kiosk.loop import Loop
from kiosk.ports import Signer
from kiosk.store.disk import RealDisk
from kiosk.store.local import LocalStore
from kiosk.sync import Identity, Sync
from kiosk.upkeep import Upkeep, room_bytes
from protocol import codec, topics
from protocol.events import PurchaseLine, PurchaseRecorded
from protocol.topics import Channel
from provisioning import keys
from provisioning.logs import configure
from provisioning.mqtt import Endpoint, Message
from tests.journeys.visitor import Visitor

ZONE = ZoneInfo("Asia/Shanghai")
COMPACT_EVERY_S = 5.0
"""Much more often than a kiosk does, so that something often happens to it in the middle of that."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Plan:
    """What a kiosk's process is to do: who it is, where its files and the broker are, and how much it sells to whom."""

    kiosk: str
    store: str
    host: str
    port: int
    ca: str
    certificate: str
    key: str
    said: str
    members: list[str]
    sales_per_s: float
    seed: int
    visitor: Visitor | None = None

    def write(self, path: Path) -> None:
        """Save the plan for the process."""
        path.write_bytes(msgspec.json.encode(self))

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` saved."""
        return msgspec.json.decode(path.read_bytes(), type=cls)

    @property
    def endpoint(self) -> Endpoint:
        """The broker as the line wants it."""
        return Endpoint(self.host, self.port, Path(self.ca), Path(self.certificate), Path(self.key))


@dataclass(frozen=True, slots=True)
class Sold:
    """Members have bought something at the till beside the kiosk: for each, what it cost in minor units."""

    sales: Sequence[tuple[UUID, int]]


class Counter(Conductor):
    """A conductor that journals purchases too; `journaled` is told their places when they are durable."""

    journaled: Callable[[Sequence[int]], None]

    def _dispatch(self, happening: Happening | Sold) -> None:
        if isinstance(happening, Sold):
            self._journal(happening)
        else:
            super()._dispatch(happening)

    def _journal(self, sold: Sold) -> None:
        now, chain = self._clock.now(), self._store.chain
        bodies = [
            PurchaseRecorded(
                f"{self._sync.line.kiosk[2:12]}-{place}",
                member,
                "CNY",
                now,
                [PurchaseLine("coffee-01", "coffee", 1, amount)],
            )
            for place, (member, amount) in enumerate(sold.sales, chain.head.seq + 1)
        ]
        self.journaled(chain.append(bodies, self._sync.stamp("kiosk"), self._sync.draw(len(bodies))))


class HeadlessKiosk:
    """The parts of one kiosk, put together as its command line does."""

    def __init__(self, kiosk: str, sign: Signer, folder: Path, endpoint: Endpoint) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.kiosk = kiosk
        self.loop = Loop()
        self.store = LocalStore(RealDisk(folder), system_random, wall_time())
        self.clock = SystemClock(lambda: self.store.chain.known_until)
        self.line = connect(kiosk, endpoint, self.loop.put, int(self.clock.now().timestamp()))
        identity = Identity(kiosk, "headless", sign)
        self.sync = Sync(identity, self.store, self.line, clock=self.clock, random_bytes=system_random)
        stage = Stage(lambda _frame: None, lambda _sha256: None, lambda: 0, lambda: room_bytes(folder))
        self.counter = Counter(self.store, self.sync, stage, clock=self.clock, zone=ZONE)
        self.counter.journaled = lambda _places: None
        self._upkeep = Upkeep(self.store, every_s=COMPACT_EVERY_S)

    def start(self) -> None:
        """Switch the kiosk on."""
        self._upkeep.start()
        self.line.start()
        self.loop.start(self.counter, self.clock.monotonic)

    def stop(self) -> None:
        """Switch it off in order."""
        self.loop.stop()
        status = topics.of_kiosk(self.kiosk, Channel.STATUS)
        self.line.stop(Message(status, codec.encode(self.sync.leave()), retain=True))
        self._upkeep.stop()
        self.store.close()

    def sell(self, sales: Sequence[tuple[UUID, int]]) -> None:
        """Have purchases journaled, on the conductor's thread."""
        self.loop.put(Sold(sales))  # type: ignore[arg-type] # the queue hands on what only a `Counter` understands


def main() -> None:
    """Sell until told to stop."""
    configure()
    plan, stopping = Plan.read(Path(sys.argv[1])), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_arguments: stopping.set())
    kiosk = HeadlessKiosk(plan.kiosk, signer(Path(plan.key)), Path(plan.store), plan.endpoint)
    said = os.open(plan.said, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    kiosk.counter.journaled = lambda places: _say(said, places)
    kiosk.start()
    if plan.visitor is not None and plan.members:
        threading.Thread(target=plan.visitor.come_for_ever, args=(kiosk.loop.put,), daemon=True).start()
    random, members = Random(f"{plan.seed} {os.getpid()}"), [UUID(member) for member in plan.members]
    while members and not stopping.wait(random.expovariate(plan.sales_per_s)):
        basket = [
            (random.choice(members), random.randrange(500, 20_000)) for _ in range(random.choice((1, 1, 1, 2, 5)))
        ]
        kiosk.sell(basket)
    stopping.wait()
    kiosk.stop()
    os.close(said)


def signer(path: Path) -> Signer:
    """What signs with the key in a file."""
    key = load_pem_private_key(path.read_bytes(), password=None)
    return lambda data: keys.sign(key, data)  # type: ignore[arg-type] # a device key, as `provisioning.pki` saved it


def _say(said: int, places: Sequence[int]) -> None:
    # One write, so that a kill leaves a line whole or away.
    os.write(said, "".join(f"{place}\n" for place in places).encode())


if __name__ == "__main__":
    main()
