"""A hub and its kiosks, the real code of both, in one thread: seeded time, network and disk. Nothing here sleeps."""

import gc
import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from traceback import clear_frames
from uuid import UUID

from sqlalchemy import MetaData, text
from structlog.testing import capture_logs
from structlog.typing import EventDict

from hub.db.session import Database
from hub.intake import Item, Outcome
from hub.messaging.ingest import Arrival
from hub.messaging.publisher import Publication
from hub.messaging.worker import TICK_S as FLUSH_S
from hub.messaging.worker import UPWARD
from protocol import codec, topics
from protocol.state import HubStatus
from protocol.topics import Channel
from provisioning.mqtt import Message
from tests.hub.world import TestKiosk, World
from tests.simulation.doom import HubDiedError, Watch
from tests.simulation.kiosk import REST_MAX_S, SimKiosk
from tests.simulation.network import Connection, Ear, SimBroker, Weather
from tests.simulation.time import Time

__all__ = ["HUB", "Chain", "SimKiosk", "member_with_card"]

HUB = "hub"
BOOKING_MAX_S = 0.03
"""How long messages gather while the ones before are booked."""

NOTICE_S = 0.1
"""How soon the ingest worker sees that another process of the hub has something to send."""

BACK_OFF = 6.0
"""How much rarer an idle hub looks every time: quiet time is jumped over."""


class Chain:
    """One hub, its kiosks, and everything between them. Given a world it stands on what that has founded.

    A hub that dies is started again after `comes_back_s`, if that is set.
    """

    def __init__(
        self, database: Database, seed: int, weather: Weather | None = None, *, world: World | None = None
    ) -> None:
        self.random = Random(seed)
        self.time = Time()
        self.is_traced = True
        self._traces: list[tuple[float, tuple[object, ...]]] = []
        self.world = world or World.found(database, seed)
        self.world.clock.now = self.time.now()
        self.broker = SimBroker(
            Random(self.random.random()),
            self.time.after,
            weather or Weather(),
            trace=self.trace,
            now=lambda: self.time.elapsed,
        )
        self.watch = Watch(database.engine, self._committed)
        self.dies_before_publishing = False
        self.comes_back_s: float | None = None
        self.kiosks: dict[str, SimKiosk] = {}
        """Who answers its neighbours under a name: the box that was made last."""
        self.refused: list[EventDict] = []
        """What the hub has logged of messages that it did not take."""
        self.is_hub_up = False
        self.starts = 0
        self._line: Connection | None = None
        self._waiting: list[Arrival] = []
        self._rest_s = FLUSH_S
        self._planned_at = float("inf")
        self._is_working = False
        self.start_hub()

    @property
    def traces(self) -> list[str]:
        """Everything that happened, a line each."""
        return [f"{moment:.6f} {' '.join(map(_written, parts))}" for moment, parts in self._traces]

    def trace(self, *parts: object) -> None:
        """Note something that happened."""
        if self.is_traced:
            self._traces.append((self.time.elapsed, parts))

    def start_hub(self) -> None:
        """Start the hub where it does not run: its ingest worker, and whatever else books."""
        if self.is_hub_up:
            return
        self.is_hub_up = True
        self.starts += 1
        self.watch.left, self.dies_before_publishing = 0, False
        self.ingest = self.world.hub.ingest()
        self._connect()

    def kill_hub(self) -> None:
        """End the hub; the broker tells the kiosks."""
        self.trace("hub", "dies")
        self.is_hub_up = False
        self.watch.left, self.dies_before_publishing = 0, False
        self._waiting.clear()
        if self._line is not None:
            self._line.cut()
            self._line = None
        # A process that is gone holds no connection, and no lock of one that it left in the middle of a commit.
        self.world.hub.database.close()
        self.watch.sever()
        if self.comes_back_s is not None:
            self.time.after(self.comes_back_s, self.start_hub)

    def post(self, *items: Item) -> list[Outcome] | None:
        """Have the hub's API book something; None where nobody answers, and nobody knows what became of it."""
        if not self.is_hub_up:
            return None
        self.world.clock.now = self.time.now()
        answers: list[list[Outcome]] = []
        with self.dying():
            answers.append(self.world.book(*items))
        return answers[0] if answers else None

    @contextmanager
    def dying(self) -> Iterator[None]:
        """While this is done the hub may die."""
        try:
            yield
        except HubDiedError as death:
            # The frames that it came through hold statements that are not done, and these the transaction's lock.
            clear_frames(death.__traceback__)
        else:
            return
        gc.collect()
        self.kill_hub()

    def add_kiosk(self, member_of_fleet: TestKiosk | None = None) -> SimKiosk:
        """Enrol a kiosk, unless it is given, and switch it on."""
        kiosk = SimKiosk(self, member_of_fleet or self.world.add_kiosk())
        kiosk.switch_on()
        return kiosk

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.time.run(seconds)

    def close(self) -> None:
        """Leave the database to whoever comes next."""
        self.watch.close()

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

    def _connect(self) -> None:
        # Who lost a connection comes back after a second; a hub that was started anew meanwhile is there already.
        if not self.is_hub_up or self._line is not None:
            return
        filters = tuple(topics.of_every_kiosk(channel) for channel in UPWARD)
        ear = Ear(
            *(filters, self._hub_hears, self._hub_lost, _offline()),
            acknowledges_by_hand=True,
            may_be_buried_alive=False,
        )
        self._line = self.broker.connect(HUB, ear)
        if self._line is None:
            self.time.after(1.0, self._connect)
            return
        with self.dying():
            self._publish(self.ingest.birth(self.time.now()))
            self._plan(0.0)

    def _hub_lost(self, _reason: str) -> None:
        self._line = None
        self._waiting.clear()
        self.time.after(1.0, self._connect)

    def _hub_hears(self, topic: str, payload: bytes) -> None:
        self._waiting.append(Arrival(topic, payload))
        self._plan(self.random.uniform(0, BOOKING_MAX_S))

    def _committed(self) -> None:
        if not self._is_working:
            self._plan(NOTICE_S)

    def _plan(self, delay: float) -> None:
        """Have the worker look after a while, unless it does before."""
        moment = self.time.elapsed + delay
        if moment < self._planned_at:
            self._planned_at = moment
            self.time.after(delay, lambda: self._look(moment))

    def _look(self, moment: float) -> None:
        if moment != self._planned_at:
            return
        self._planned_at = float("inf")
        if self._line is None:
            return
        self.world.clock.now = self.time.now()
        self._is_working = True
        with self.dying():
            self._work(self._line)
        self._is_working = False

    def _work(self, line: Connection) -> None:
        arrivals, self._waiting = self._waiting, []
        now = self.time.now()
        with capture_logs() as logged:
            sent = self.ingest.take(arrivals, now) if arrivals else self.ingest.flush(now)
        self.refused += [line for line in logged if line["event"].startswith("message ")]
        if arrivals and self.dies_before_publishing:
            raise HubDiedError
        for publication in sent:
            self._publish(publication)
        line.acknowledge()
        is_quiet = not sent and all(arrival.topic.endswith(Channel.TELEMETRY) for arrival in arrivals)
        self._rest_s = min(self._rest_s * BACK_OFF, REST_MAX_S) if is_quiet else FLUSH_S
        self._plan(self._rest_s)

    def _publish(self, publication: Publication) -> None:
        if self._line is not None:
            self._line.publish(
                Message(publication.topic, publication.payload, publication.retain, publication.expiry_s)
            )


def member_with_card(chain: Chain, points: int) -> tuple[UUID, str]:
    """A member with points and a dynamic card."""
    member = chain.world.add_member()
    chain.world.earn(member, points)
    return member, chain.world.add_card(member)


def _offline() -> Message:
    return Message(topics.HUB_STATUS, codec.encode(HubStatus(online=False)), retain=True)


def _written(part: object) -> str:
    return part.decode() if isinstance(part, bytes) else str(part)
