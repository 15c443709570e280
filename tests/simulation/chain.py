"""A hub and a kiosk, the real code of both, in one thread: seeded time, network and disk. Nothing here sleeps."""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import MetaData, text

from devices.reader import CardTapped, ReaderReady
from hub.db.session import Database
from hub.messaging.ingest import Arrival
from hub.messaging.publisher import Publication
from hub.messaging.worker import UPWARD
from kiosk.conductor import Arrived, Conductor, Happening, LineDown, LineUp, Stage
from kiosk.link.hub import subscriptions
from kiosk.store.local import LocalStore
from kiosk.sync import Identity, Sync
from kiosk.views import Frame
from protocol import codec, topics
from protocol.state import HubStatus
from protocol.values import ClockTrust
from provisioning import keys
from provisioning.mqtt import Message
from tests.hub.world import START, TestKiosk, World
from tests.simulation.disk import SimDisk
from tests.simulation.network import SimBroker, Weather

ZONE = ZoneInfo("Asia/Shanghai")
TICK_S = 0.2
FLUSH_S = 0.1
HUB = "hub"


@dataclass(slots=True)
class Time:
    """What happens when, in order; the same order for the same seed."""

    elapsed: float = 0.0
    _due: list[tuple[float, int, Callable[[], None]]] = field(default_factory=list)
    _count: int = 0

    def after(self, delay: float, action: Callable[[], None]) -> None:
        self._count += 1
        heappush(self._due, (self.elapsed + delay, self._count, action))

    def run(self, seconds: float) -> None:
        end = self.elapsed + seconds
        while self._due and self._due[0][0] <= end:
            self.elapsed, _number, action = heappop(self._due)
            action()
        self.elapsed = end

    def now(self) -> datetime:
        moment = START + timedelta(seconds=self.elapsed)
        return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass(slots=True)
class SimClock:
    """A kiosk's clock: right, or wrong by an offset."""

    time: Time
    offset: timedelta = timedelta()
    trusted: ClockTrust = "ntp"

    def now(self) -> datetime:
        return self.time.now() + self.offset

    def monotonic(self) -> float:
        return self.time.elapsed

    def trust(self) -> ClockTrust:
        return self.trusted


class SimUplink:
    """A kiosk's connection to the simulated broker."""

    def __init__(self, broker: SimBroker, name: str) -> None:
        self.connection = 0
        self._broker = broker
        self._name = name

    def publish(self, message: Message) -> bool:
        return self._broker.publish(self._name, message)


class SimKiosk:
    """One kiosk: the real conductor on a simulated disk. It can be killed and started again."""

    def __init__(self, chain: "Chain", member_of_fleet: TestKiosk) -> None:
        self.chain = chain
        self.id = member_of_fleet.id
        self.key = member_of_fleet.key
        self.random = Random(chain.random.random())
        self.disk = SimDisk()
        self.clock = SimClock(chain.time)
        self.frames: list[Frame] = []
        self.uplink = SimUplink(chain.broker, self.id)
        self.generation = 0
        chain.broker.join(self.id, tuple(subscriptions(self.id)), self._heard)
        self.start()

    @property
    def frame(self) -> Frame:
        """What is on the screen."""
        return self.frames[-1]

    def start(self) -> None:
        """Start the program, and have it tick until it is killed."""
        self.generation += 1
        self.store = LocalStore(self.disk, self.random.randbytes, self.clock.now())
        identity = Identity(self.id, "0", lambda data: keys.sign(self.key, data))
        sync = Sync(identity, self.store, self.uplink, clock=self.clock, random_bytes=self.random.randbytes)
        stage = Stage(self._show, lambda _sha256: None, lambda: 0, lambda: (1 << 30, 1 << 27))
        self.conductor = Conductor(self.store, sync, stage, clock=self.clock, zone=ZONE)
        self.handle(ReaderReady())
        self._tick(self.generation)

    def kill(self) -> None:
        """End the program in the middle of whatever it does; the disk keeps what it has seen."""
        self.generation += 1
        self.chain.broker.cut(self.id)
        self.disk = self.disk.killed()

    def connect(self) -> None:
        """Bring the line up."""
        self.uplink.connection += 1
        self.chain.broker.connect(self.id)
        self.handle(LineUp())

    def disconnect(self) -> None:
        """Cut the line."""
        self.chain.broker.cut(self.id)
        self.handle(LineDown("cut"))

    def tap(self, card: str) -> None:
        """Hold a dynamic card to the reader."""
        self.handle(CardTapped(self.chain.world.tap(card)))

    def handle(self, happening: Happening) -> None:
        """Let something happen to the kiosk."""
        self.chain.trace(f"{self.id} {type(happening).__name__}")
        self.conductor.handle(happening)

    def _heard(self, topic: str, payload: bytes) -> None:
        self.conductor.handle(Arrived(topic, payload))

    def _tick(self, generation: int) -> None:
        if generation == self.generation:
            self.conductor.tick()
            self.chain.time.after(TICK_S, lambda: self._tick(generation))

    def _show(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.chain.trace(f"{self.id} shows {frame}")


class Chain:
    """One hub, its kiosks, and everything between them."""

    def __init__(self, database: Database, seed: int, weather: Weather | None = None) -> None:
        self.random = Random(seed)
        self.time = Time()
        self.traces: list[str] = []
        self.world = World.found(database, seed)
        self.world.clock.now = self.time.now()
        self.broker = SimBroker(
            Random(self.random.random()),
            self.time.after,
            weather or Weather(),
            trace=self.trace,
            now=lambda: self.time.elapsed,
        )
        self._waiting: list[Arrival] = []
        self._generation = 0
        self.broker.join(HUB, tuple(topics.of_every_kiosk(channel) for channel in UPWARD), self._hub_hears)
        self.start_hub()

    def trace(self, line: str) -> None:
        """Note something that happened."""
        self.traces.append(f"{self.time.elapsed:.6f} {line}")

    def start_hub(self) -> None:
        """Start the hub's ingest worker."""
        self._generation += 1
        self._waiting.clear()
        self.ingest = self.world.hub.ingest()
        self.broker.connect(HUB)
        self._publish(self.ingest.birth())
        self._work(self._generation)

    def kill_hub(self) -> None:
        """End the hub; the broker tells the kiosks."""
        self._generation += 1
        payload = codec.encode(HubStatus(online=False))
        self.broker.publish(HUB, Message(topics.HUB_STATUS, payload, retain=True))
        self.broker.cut(HUB)

    def add_kiosk(self) -> SimKiosk:
        """Enrol a kiosk and switch it on."""
        kiosk = SimKiosk(self, self.world.add_kiosk())
        kiosk.connect()
        return kiosk

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.time.run(seconds)

    def digest(self) -> str:
        """Digest of everything that happened, and of everything that the hub stored."""
        digest = hashlib.sha256("\n".join(self.traces).encode())
        with self.world.hub.database.read() as session:
            tables = MetaData()
            tables.reflect(session.connection())
            for name in sorted(tables.tables):
                rows = sorted(repr(tuple(row)) for row in session.execute(text(f"SELECT * FROM {name}")))  # noqa: S608
                digest.update("\n".join(rows).encode())
        return digest.hexdigest()

    def _hub_hears(self, topic: str, payload: bytes) -> None:
        self._waiting.append(Arrival(topic, payload))

    def _work(self, generation: int) -> None:
        if generation != self._generation:
            return
        self.world.clock.now = self.time.now()
        arrivals, self._waiting = self._waiting, []
        sent = self.ingest.take(arrivals, self.time.now()) if arrivals else self.ingest.flush(self.time.now())
        for publication in sent:
            self._publish(publication)
        self.time.after(FLUSH_S if not arrivals else 0.002, lambda: self._work(generation))

    def _publish(self, publication: Publication) -> None:
        message = Message(publication.topic, publication.payload, publication.retain, publication.expiry_s)
        self.broker.publish(HUB, message)


def member_with_card(chain: Chain, points: int) -> tuple[UUID, str]:
    """A member with points and a dynamic card."""
    member = chain.world.add_member()
    chain.world.earn(member, points)
    return member, chain.world.add_card(member)
