"""A broker in memory, for one thread: it delays, loses and repeats messages as a seed has it, and opens no socket."""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from provisioning.mqtt import Message

Deliver = Callable[[str, bytes], None]
After = Callable[[float, Callable[[], None]], None]
"""Does something so many seconds from now."""


@dataclass(slots=True)
class Weather:
    """How bad the network is: delays in seconds, and how often a message is lost or comes twice."""

    delay_max_s: float = 0.05
    loss: float = 0.0
    repetition: float = 0.0


@dataclass(slots=True)
class Client:
    """Somebody at the broker: what it hears, and how it hears it."""

    filters: tuple[str, ...]
    deliver: Deliver
    connected: bool = False
    due: float = 0.0


@dataclass(slots=True)
class SimBroker:
    """Delivers in order per client, as MQTT does; forgets what was on the way when a connection is cut."""

    random: Random
    after: After
    weather: Weather = field(default_factory=Weather)
    trace: Callable[[str], None] = print
    now: Callable[[], float] = float
    _clients: dict[str, Client] = field(default_factory=dict)
    _retained: dict[str, bytes] = field(default_factory=dict)

    def join(self, name: str, filters: tuple[str, ...], deliver: Deliver) -> None:
        """Know a client; it connects later."""
        self._clients[name] = Client(filters, deliver)

    def connect(self, name: str) -> None:
        """Let a client in: it is told what is retained."""
        client = self._clients[name]
        client.connected = True
        for topic, payload in sorted(self._retained.items()):
            if _hears(client, topic):
                self._send(name, topic, payload)

    def cut(self, name: str) -> None:
        """Cut a client's connection."""
        self._clients[name].connected = False

    def publish(self, name: str, message: Message) -> bool:
        """Take a message from a client; False where it is not connected."""
        if not self._clients[name].connected:
            return False
        if message.retain:
            self._retained[message.topic] = message.payload
        for other, client in self._clients.items():
            if client.connected and _hears(client, message.topic):
                self._send(other, message.topic, message.payload)
        return True

    def _send(self, name: str, topic: str, payload: bytes) -> None:
        copies = 0 if self.random.random() < self.weather.loss else 1
        copies += self.random.random() < self.weather.repetition
        client = self._clients[name]
        for _ in range(copies):
            delay = self.random.uniform(0.0005, self.weather.delay_max_s)
            client.due = max(client.due, self.now() + delay)
            self.after(client.due - self.now(), lambda: self._arrive(name, topic, payload))

    def _arrive(self, name: str, topic: str, payload: bytes) -> None:
        client = self._clients[name]
        if client.connected:
            self.trace(f"{name} hears {topic} {payload.decode()}")
            client.deliver(topic, payload)


def _hears(client: Client, topic: str) -> bool:
    return any(_matches(known, topic) for known in client.filters)


def _matches(known: str, topic: str) -> bool:
    want, have = known.split("/"), topic.split("/")
    return len(want) == len(have) and all(part in {"+", got} for part, got in zip(want, have, strict=True))
