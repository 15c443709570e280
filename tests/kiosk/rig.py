"""A whole kiosk but for its window, reader and line, which are played by hand."""

from datetime import datetime, timedelta
from random import Random
from typing import TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from msgspec import Struct

from devices.reader import CardTapped, ReaderReady
from kiosk.conductor import NOBODY, Conductor, Stage
from kiosk.happenings import Arrived, LineUp
from kiosk.ports import Neighbours
from kiosk.store.local import LocalStore
from kiosk.sync import Identity, Sync
from kiosk.views import Frame
from kiosk.visit.intents import RedeemConfirmed, RewardChosen
from protocol import codec, topics
from protocol.duties import Duty
from protocol.envelope import Event
from protocol.kinds import kind_of
from protocol.requests import (
    AskLease,
    FetchDocument,
    PresentCard,
    Refusal,
    ReleaseKey,
    Reply,
    Request,
    VisitOpened,
)
from protocol.state import HubStatus
from protocol.topics import Channel
from protocol.values import ClockTrust
from provisioning import keys
from provisioning.mqtt import Message
from tests.kiosk.builders import (
    LATTE,
    NOW,
    VISIT,
    make_card,
    make_grant,
    make_snapshot,
)
from tests.simulation.disk import SimDisk

KIOSK = "k-00000000000000000000000000"


KEY = keys.seeded_key(bytes(32))


Body = TypeVar("Body", bound=Struct)


class FakeClock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.trusted: ClockTrust = "ntp"

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.elapsed)

    def monotonic(self) -> float:
        return self.elapsed

    def trust(self) -> ClockTrust:
        return self.trusted


class FakeUplink:
    """A line that keeps what is said on it."""

    def __init__(self, kiosk: str = KIOSK) -> None:
        self.connection = 1
        self.kiosk = kiosk
        self.up = True
        self.said: list[Message] = []

    def publish(self, message: Message) -> bool:
        if self.up:
            self.said.append(message)
        return self.up

    def take(self, channel: Channel, body_type: type[Body]) -> list[Body]:
        topic = topics.of_kiosk(self.kiosk, channel)
        found = [codec.decode(message.payload, body_type) for message in self.said if message.topic == topic]
        self.said = [message for message in self.said if message.topic != topic]
        return found


class Rig:
    """A conductor with everything around it played by hand."""

    def __init__(
        self,
        disk: SimDisk | None = None,
        *,
        kiosk: str = KIOSK,
        key: EllipticCurvePrivateKey = KEY,
        neighbours: Neighbours = NOBODY,
    ) -> None:
        self.kiosk = kiosk
        self.disk = disk or SimDisk()
        self.clock = FakeClock()
        self.uplink = FakeUplink(kiosk)
        self.frames: list[Frame] = []
        random = Random(kiosk)
        self.store = LocalStore(self.disk, random.randbytes, self.clock.now())
        identity = Identity(kiosk, "1", lambda data: keys.sign(key, data), neighbours.address)
        self.sync = Sync(identity, self.store, self.uplink, clock=self.clock, random_bytes=random.randbytes)
        stage = Stage(self.frames.append, lambda _sha256: None, lambda: 5, lambda: (10, 20))
        zone = ZoneInfo("Asia/Shanghai")
        self.conductor = Conductor(self.store, self.sync, stage, clock=self.clock, zone=zone, neighbours=neighbours)
        self.conductor.handle(ReaderReady())

    @property
    def body(self) -> object:
        return self.frames[-1].body

    def pass_(self, seconds: float) -> None:
        self.clock.elapsed += seconds
        self.conductor.tick()

    def hear(self, channel: Channel, body: Struct) -> None:
        self.conductor.handle(Arrived(topics.of_kiosk(self.kiosk, channel), codec.encode(body)))

    def hub_is(self, *, online: bool) -> None:
        status = HubStatus(online=online, hub_epoch=UUID(int=1))
        self.conductor.handle(Arrived(topics.HUB_STATUS, codec.encode(status)))

    def go_online(self) -> None:
        self.conductor.handle(LineUp())
        self.hub_is(online=True)

    def questions(self, body_type: type[Body]) -> list[tuple[UUID, Body]]:
        asked = self.uplink.take(Channel.REQUESTS, Request)
        kinds = {
            "card.present": PresentCard,
            "lease.ask": AskLease,
            "document.fetch": FetchDocument,
            "key.release": ReleaseKey,
        }
        return [
            (question.id, codec.decode(question.body, body_type))
            for question in asked
            if kinds[question.kind] is body_type
        ]

    def answer(self, request: UUID, body: Struct) -> None:
        if isinstance(body, Refusal):
            self.hear(Channel.REPLIES, Reply(request=request, kind="refused", refused=body))
        else:
            self.hear(Channel.REPLIES, Reply(request=request, kind=kind_of(body), body=codec.raw(body)))

    def greet(self, **snapshot: object) -> None:
        """Tap, and have the hub vouch for the card."""
        self.conductor.handle(CardTapped(make_card()))
        [(request, _body)] = self.questions(PresentCard)
        self.answer(request, VisitOpened(VISIT, redeems=True, snapshot=make_snapshot(**snapshot)))

    def ask(self) -> tuple[UUID, AskLease]:
        """Choose and confirm a reward; returns what the hub is asked."""
        self.conductor.handle(RewardChosen(LATTE, 600))
        self.conductor.handle(RedeemConfirmed())
        [asked] = self.questions(AskLease)
        return asked

    def grant(self, number: int = 1, **overrides: object) -> None:
        grant = make_grant(epoch=self.store.chain.epoch, **overrides)
        self.hear(Channel.DUTIES, Duty(number, "lease.grant", codec.raw(grant)))

    def journal(self) -> list[str]:
        return [codec.decode(event, Event).kind for event in self.store.chain.read(1, 99)]
