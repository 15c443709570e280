"""One kiosk in the simulation: the real conductor on a simulated disk. It can be killed, cut off and copied."""

from collections.abc import Callable
from functools import partial
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from devices.reader import CardTapped, ReaderReady
from kiosk.conductor import Conductor, Stage
from kiosk.happenings import Arrived, Happening, LineDown, LineUp
from kiosk.link.hub import lost, subscriptions
from kiosk.store.errors import StoreError
from kiosk.store.holdings import LENT_TABLE, Lease
from kiosk.store.local import LocalStore
from kiosk.sync import Identity, Sync
from kiosk.views import Frame
from kiosk.visit.states import Identifying, Idle, Redeeming
from protocol.events import CardEvidence
from provisioning import keys
from provisioning.mqtt import Message
from tests.hub.world import TestKiosk
from tests.simulation.disk import SimDisk
from tests.simulation.lan import SimLan
from tests.simulation.network import Connection, Ear, SimBroker
from tests.simulation.time import SimClock

if TYPE_CHECKING:
    from tests.simulation.chain import Chain

ZONE = ZoneInfo("Asia/Shanghai")
TICK_S = 0.2
VISIT_TICK_S = 1.0
"""How often a kiosk ticks while somebody stands there and only time passes."""

QUIET_S = 60.0
"""After so long nothing is due but heartbeats, of which most are left out."""

REST_MAX_S = 6 * 3600.0
"""Longest pause between two ticks of a kiosk to which nothing happens: quiet time is jumped over."""

RECONNECT_MAX_S = 20.0


class PowerCutError(BaseException):
    """The power is gone at a step of the disk. Like a real power cut, no handler of errors gets to see it."""


class SimUplink:
    """A kiosk's connection to the simulated broker."""

    def __init__(self, broker: SimBroker, name: str) -> None:
        self.connection = 0
        self.line: Connection | None = None
        self._broker = broker
        self._name = name

    def publish(self, message: Message) -> bool:
        """See Uplink."""
        return self.line is not None and self.line.publish(message)

    def connect(self, ear: Ear) -> bool:
        """Begin the next connection."""
        self.connection += 1
        self.line = self._broker.connect(self._name, ear)
        return self.line is not None

    def cut(self) -> None:
        """Lose the connection."""
        if self.line is not None:
            self.line.cut()
        self.line = None


class SimKiosk:
    """One kiosk. What becomes of it is for its owner to say; by itself it only comes back to the line."""

    def __init__(self, chain: "Chain", member_of_fleet: TestKiosk, disk: SimDisk | None = None) -> None:
        self.chain = chain
        self.fleet_member = member_of_fleet
        self.id = member_of_fleet.id
        self.random = Random(chain.random.random())
        self.disk = disk or SimDisk()
        self.clock = SimClock(chain.time)
        self.frames: list[Frame] = []
        self.on_frame: Callable[[SimKiosk, Frame], None] = _look_away
        self.on_end: Callable[[SimKiosk], None] = _look_away
        self.uplink = SimUplink(chain.broker, self.id)
        self.lan = SimLan(self)
        chain.kiosks[self.id] = self
        self.is_running = False
        self.is_cut_off = False
        self._generation = 0
        self._ticks = 0
        self._rest_s = TICK_S
        self._image: SimDisk | None = None

    @property
    def frame(self) -> Frame:
        """What is on the screen."""
        return self.frames[-1]

    @property
    def lent(self) -> dict[int, Lease]:
        """Leases ahead that are open on this disk, by number."""
        table = self.store._events.table(LENT_TABLE)
        leases = {document.doc_id: msgspec.convert(dict(document), Lease) for document in table}
        return {number: lease for number, lease in leases.items() if lease.epoch == self.store.chain.epoch}

    def start(self) -> None:
        """Start the program, and have it tick until it is killed. A disk that refuses ends it again."""
        self._generation += 1
        self.is_running = True
        try:
            self._safely(self._begin)
        except (StoreError, OSError) as error:
            self.chain.trace(self.id, "cannot start", error)
            self._end(self.disk.killed())
            self.on_end(self)

    def switch_on(self) -> None:
        """Start the program where it does not run, and have it connect unless its line is cut."""
        if not self.is_running:
            self.start()
        if not self.is_cut_off:
            self.connect()

    def _begin(self) -> None:
        self.store = LocalStore(self.disk, self.random.randbytes, self.clock.wall())
        self.clock.start(lambda: self.store.chain.known_until)
        identity = Identity(self.id, "0", lambda data: keys.sign(self.fleet_member.key, data), self.lan.address)
        self.sync = Sync(
            identity,
            self.store,
            self.uplink,
            clock=self.clock,
            random_bytes=self.random.randbytes,
            hear_time=self.clock.hear,
        )
        stage = Stage(self._show, lambda _sha256: None, lambda: 0, lambda: (1 << 30, 1 << 27))
        self.conductor = Conductor(self.store, self.sync, stage, clock=self.clock, zone=ZONE, neighbours=self.lan)
        self.handle(ReaderReady())
        self._wake()

    def kill(self) -> None:
        """End the program in the middle of whatever it does; the disk keeps what it has seen."""
        self._end(self.disk.killed())

    def pull_the_plug(self) -> None:
        """Switch the box off for good."""
        self.on_end = _look_away
        self.is_cut_off = True
        if self.is_running:
            self.kill()

    def cut_power(self) -> None:
        """Take the power away; the disk is left as it may be found after that."""
        self._end(self.disk.crash_image(self.random))

    def cut_power_at_step(self, steps: int) -> None:
        """Take the power away when the disk has done so many more steps that write."""
        left = steps

        def step() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                self._image = self.disk.crash_image(self.random)
                raise PowerCutError

        self.disk.after_step = step

    def connect(self) -> None:
        """Bring the line up, as often as it takes."""
        self.is_cut_off = False
        if not self.is_running or (self.uplink.line is not None and self.uplink.line.is_open):
            return
        # The number of the connection that is now made stands in its will.
        number = self.uplink.connection + 1
        ear = Ear(tuple(subscriptions(self.id)), self._heard, partial(self._lost, number), lost(self.id, number))
        if self.uplink.connect(ear):
            self.handle(LineUp())
        else:
            self._come_back()

    def disconnect(self) -> None:
        """Cut the line, until somebody connects it again."""
        self.is_cut_off = True
        self.uplink.cut()
        self.handle(LineDown("cut"))

    def tap(self, card: str) -> None:
        """Hold a dynamic card to the reader."""
        self.present(self.chain.world.tap(card))

    def present(self, card: CardEvidence) -> None:
        """Hold something to the reader that says this."""
        self.handle(CardTapped(card))

    def journal(self, body: Struct, by: str) -> bool:
        """Have the kiosk journal something that staff entered; tells whether it may be promised."""
        places: list[int] = []

        def append() -> None:
            places.extend(self.store.chain.append([body], self.sync.stamp(by), self.sync.draw(1)))
            self.sync.pump()

        try:
            self._safely(append)
        except StoreError:
            return False
        self._wake()
        return self.is_running and bool(places)

    def handle(self, happening: Happening) -> None:
        """Let something happen to the kiosk."""
        if not self.is_running:
            return
        self.chain.trace(self.id, type(happening).__name__)
        self._safely(lambda: self.conductor.handle(happening))
        self._wake()

    def _heard(self, topic: str, payload: bytes) -> None:
        self._safely(lambda: self.conductor.handle(Arrived(topic, payload)))
        self._wake()

    def _lost(self, connection: int, reason: str) -> None:
        # A program hears nothing of a connection that it, or the one before it, has left.
        if connection == self.uplink.connection:
            self.handle(LineDown(reason))
            self._come_back()

    def _come_back(self) -> None:
        self.chain.time.after(self.random.uniform(0.5, RECONNECT_MAX_S), self._try_again)

    def _try_again(self) -> None:
        if not self.is_cut_off:
            self.connect()

    def _safely(self, act: Callable[[], None]) -> None:
        if not self.is_running:
            return
        try:
            act()
        except PowerCutError:
            assert self._image is not None, "taken when the power went"
            self.chain.trace(self.id, "loses its power")
            self._end(self._image)
            self.on_end(self)

    def _end(self, disk: SimDisk) -> None:
        self._generation += 1
        self.is_running = False
        self.uplink.cut()
        self.disk = disk

    def _wake(self) -> None:
        """Something happened, so time is watched closely again."""
        if self.is_running:
            self._rest_s = TICK_S
            self._plan_tick()

    def _plan_tick(self) -> None:
        self._ticks += 1
        number, generation = self._ticks, self._generation
        self.chain.time.after(self._rest_s, lambda: self._tick(number, generation))

    def _tick(self, number: int, generation: int) -> None:
        if number != self._ticks or generation != self._generation:
            return
        self._safely(self.conductor.tick)
        if not self.is_running:
            return
        state = self.conductor.state
        if isinstance(state, Redeeming | Identifying):
            self._rest_s = TICK_S
        elif isinstance(state, Idle):
            self._rest_s = min(self._rest_s * (2 if self._rest_s < QUIET_S else 16), REST_MAX_S)
        else:
            self._rest_s = VISIT_TICK_S
        self._plan_tick()

    def _show(self, frame: Frame) -> None:
        self.frames.append(frame)
        self.chain.trace(self.id, "shows", frame)
        self.on_frame(self, frame)


def _look_away(*_what: object) -> None:
    """Nobody is interested."""
