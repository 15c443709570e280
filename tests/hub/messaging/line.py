"""Kiosks as the ingest worker's core meets them: messages in, messages out, without a broker."""

from typing import TypeVar
from uuid import UUID

from msgspec import Raw, Struct

from hub.messaging.ingest import Arrival, Ingest
from hub.messaging.publisher import Publication
from protocol import codec, topics
from protocol.chain import signing_input
from protocol.envelope import Envelope, Receipt
from protocol.kinds import kind_of
from protocol.requests import Request
from protocol.state import KioskStatus
from protocol.topics import Channel
from provisioning import keys
from tests.hub.world import TestKiosk, World

Message = TypeVar("Message", bound=Struct)


class Line:
    """What goes to and fro between one hub and its kiosks, without a broker."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.ingest: Ingest = world.hub.ingest()
        self.sent: list[Publication] = []

    def arrive(self, *arrivals: Arrival) -> list[Publication]:
        self.sent = self.ingest.take(arrivals, self.world.clock.now)
        return self.sent

    def flush(self) -> list[Publication]:
        self.sent = self.ingest.flush(self.world.clock.now)
        return self.sent

    def heard(self, kiosk: TestKiosk, channel: Channel, message_type: type[Message]) -> list[Message]:
        topic = topics.of_kiosk(kiosk.id, channel)
        return [codec.decode(sent.payload, message_type) for sent in self.sent if sent.topic == topic]

    def flushed(self, kiosk: TestKiosk, channel: Channel, message_type: type[Message]) -> list[Message]:
        self.flush()
        return self.heard(kiosk, channel, message_type)

    def receipt(self, kiosk: TestKiosk) -> Receipt:
        [receipt] = self.heard(kiosk, Channel.RECEIPTS, Receipt)
        return receipt

    def born(self, kiosk: TestKiosk, connection: int = 1, **overrides: object) -> Arrival:
        status = KioskStatus(state="online", connection=connection, epoch=kiosk.epoch, **overrides)  # type: ignore[arg-type]
        return Arrival(topics.of_kiosk(kiosk.id, Channel.STATUS), codec.encode(status))

    def ask(self, kiosk: TestKiosk, body: Struct, request: UUID | None = None) -> Arrival:
        question = Request(request or self.world.new_id(), kind_of(body), self.world.clock.now, codec.raw(body))
        return Arrival(topics.of_kiosk(kiosk.id, Channel.REQUESTS), codec.encode(question))


def envelope(world: World, kiosk: TestKiosk, *bodies: Struct, **overrides: object) -> Arrival:
    """A signed batch of newly journaled events."""
    previous, first = kiosk.head, kiosk.seq + 1
    raws = [kiosk.journal(body, world)[1] for body in bodies]
    return sealed(kiosk, raws, previous, first, **overrides)


def sealed(kiosk: TestKiosk, raws: list[bytes], previous: bytes, first: int, **overrides: object) -> Arrival:
    signed = signing_input(kiosk.id, kiosk.epoch, first_seq=first, previous=previous, head=kiosk.head)
    fields: dict[str, object] = {
        "kiosk": kiosk.id,
        "epoch": kiosk.epoch,
        "connection": 1,
        "first_seq": first,
        "prev": previous.hex(),
        "head": kiosk.head.hex(),
        "confirmed": 0,
        "events": [Raw(raw) for raw in raws],
        "sig": keys.sign(kiosk.key, signed),
    }
    body = Envelope(**{**fields, **overrides})  # type: ignore[arg-type]
    return Arrival(topics.of_kiosk(kiosk.id, Channel.EVENTS), codec.encode(body))
