"""Lines whose listener remembers what happened, so that a test can wait for it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import Queue
from typing import Any

from protocol.ids import kiosk_id
from protocol.topics import HUB_STATUS, ROOT, Channel, of_kiosk
from provisioning.mqtt import Delivery, Endpoint, Line, Message, Role

WAIT_S = 30.0
"""How long a test waits for what must come; far longer than a busy machine needs."""

EVERYTHING = f"{ROOT}/#"
HUB = "hub"
KIOSK = kiosk_id(bytes(15) + b"\x01")
NEIGHBOUR = kiosk_id(bytes(15) + b"\x02")


def no_will(_connection: int) -> Message | None:
    return None


@dataclass(slots=True)
class Ear:
    """A listener that puts each sort of happening on a queue of its own."""

    connections: Queue[None] = field(default_factory=Queue)
    disconnections: Queue[str] = field(default_factory=Queue)
    deliveries: Queue[Delivery] = field(default_factory=Queue)
    refusals: Queue[str] = field(default_factory=Queue)

    def connected(self) -> None:
        self.connections.put(None)

    def disconnected(self, reason: str) -> None:
        self.disconnections.put(reason)

    def delivered(self, delivery: Delivery) -> None:
        self.deliveries.put(delivery)

    def refused(self, reason: str) -> None:
        self.refusals.put(reason)


class Party:
    """One end of a line, with all that it has heard."""

    def __init__(self, endpoint: Endpoint, role: Role, ear: Ear | None = None, first_connection: int = 1) -> None:
        self.name = role.client_id
        self.ear = ear or Ear()
        self.line = Line(endpoint, role, self.ear, first_connection=first_connection)

    def say(self, topic: str, payload: bytes = b"{}", **how: Any) -> None:
        assert self.line.publish(Message(topic, payload, **how))

    def wait_until_connected(self) -> None:
        self.ear.connections.get(timeout=WAIT_S)

    def next_disconnection(self) -> str:
        return self.ear.disconnections.get(timeout=WAIT_S)

    def next_refusal(self) -> str:
        return self.ear.refusals.get(timeout=WAIT_S)

    def next_delivery(self) -> Delivery:
        return self.ear.deliveries.get(timeout=WAIT_S)

    def next_topic(self) -> str:
        return self.next_delivery().topic

    def hear_until(self, topic: str) -> list[Delivery]:
        """All that comes up to and with the next message under a topic."""
        heard = [self.next_delivery()]
        while heard[-1].topic != topic:
            heard.append(self.next_delivery())
        return heard

    def has_heard_nothing_else(self) -> bool:
        return self.ear.deliveries.empty()

    def settle(self) -> None:
        """Be sure of being subscribed, on the hub's end: it hears what it says itself."""
        self.wait_until_connected()
        self.say(HUB_STATUS, b"settle")
        self.hear_until(HUB_STATUS)


def settle(kiosk: Party, hub: Party) -> None:
    """Be sure that a kiosk is subscribed: the broker reads its subscription before what it says afterwards."""
    kiosk.wait_until_connected()
    said = of_kiosk(kiosk.name, Channel.REPORTS)
    kiosk.say(said, b"settle")
    hub.hear_until(said)


def make_role(
    client_id: str,
    *,
    subscriptions: Sequence[str] = (),
    will: Callable[[int], Message | None] = no_will,
    acknowledges_by_hand: bool = False,
    receive_max: int = 100,
) -> Role:
    return Role(client_id, subscriptions, will, acknowledges_by_hand, receive_max)
