"""A hostile broker in memory, for one thread: it does to messages and sessions what a seed has it do, opens no socket.

What it may do: delay, lose what it has acknowledged, repeat, reorder across topics, forget sessions, tell of a death
late or after the dead came back, hand a session to another client of the same name, and come back empty.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from provisioning.mqtt import Message

After = Callable[[float, Callable[[], None]], None]
"""Does something so many seconds from now."""

QUEUE_MAX_MESSAGES = 1_000
"""Most messages that a session keeps for a client that is away, as the real broker does."""

DELAY_MIN_S = 0.0005


@dataclass(slots=True)
class Weather:
    """How bad the network is: delays in seconds, and how often something goes wrong (0 to 1).

    With `reorders` only messages of one topic keep their order. A will is published up to `will_delay_max_s` after its
    client was lost; with `strays` even where the client is back by then.
    """

    delay_max_s: float = 0.05
    loss: float = 0.0
    repetition: float = 0.0
    forgetting: float = 0.0
    will_delay_max_s: float = 0.0
    reorders: bool = False
    strays: bool = False


@dataclass(frozen=True, slots=True)
class Ear:
    """A client's side of a connection: what it hears, whether it is told that the line is gone, what is said then.

    MQTT 5 forbids a broker to publish the will of a client that is back; one that `may_be_buried_alive` bears it.
    """

    filters: tuple[str, ...]
    deliver: Callable[[str, bytes], None]
    lost: Callable[[str], None]
    last_will: Message
    acknowledges_by_hand: bool = False
    may_be_buried_alive: bool = True


@dataclass(frozen=True, slots=True)
class Parcel:
    """A message on its way to one client."""

    topic: str
    payload: bytes
    expires_at: float


@dataclass(slots=True)
class Session:
    """What the broker keeps of a client by its name."""

    filters: tuple[str, ...] = ()
    waiting: list[Parcel] = field(default_factory=list)
    connection: "Connection | None" = None


@dataclass(slots=True, eq=False)
class Connection:
    """One connection of one client. A muted one looks open to both ends, and nothing gets through."""

    broker: "SimBroker"
    name: str
    ear: Ear
    is_open: bool = True
    is_muted: bool = False
    slowness_s: float = 0.0
    under_way: dict[int, Parcel] = field(default_factory=dict)
    unacknowledged: list[Parcel] = field(default_factory=list)
    due: dict[str, float] = field(default_factory=dict)

    def publish(self, message: Message) -> bool:
        """Give the broker a message; False where the connection is gone."""
        return self.is_open and self.broker.publish(self, message)

    def acknowledge(self) -> None:
        """Say that everything that was delivered is handled for good."""
        self.unacknowledged.clear()

    def cut(self) -> None:
        """Lose the connection without a word; the client knows."""
        self.broker.cut(self)

    def fail(self) -> None:
        """Lose the connection; the client learns of it only now."""
        if self.is_open:
            self.broker.cut(self)
            self.ear.lost("timed out")


@dataclass(slots=True)
class SimBroker:
    """Delivers in order, as MQTT does, and keeps a session for who is away, unless the weather is worse than that."""

    random: Random
    after: After
    weather: Weather = field(default_factory=Weather)
    trace: Callable[..., None] = print
    now: Callable[[], float] = float
    is_up: bool = True
    _sessions: dict[str, Session] = field(default_factory=dict)
    _retained: dict[str, bytes] = field(default_factory=dict)
    _count: int = 0

    def connect(self, name: str, ear: Ear) -> Connection | None:
        """Let a client in: it gets what waited for it, and what is retained. Another one of its name is put out."""
        if not self.is_up:
            return None
        session = self._sessions.setdefault(name, Session())
        if session.connection is not None:
            other = session.connection
            self.cut(other)
            other.ear.lost("taken over")
        if self.random.random() < self.weather.forgetting:
            self.trace("broker forgets", name)
            session.waiting.clear()
        connection = session.connection = Connection(self, name, ear)
        session.filters = ear.filters
        waiting, session.waiting = session.waiting, []
        for parcel in waiting:
            self._send(connection, parcel)
        for topic, payload in sorted(self._retained.items()):
            if _hears(session, topic):
                self._send(connection, Parcel(topic, payload, float("inf")))
        return connection

    def publish(self, connection: Connection, message: Message) -> bool:
        """Take a message from a client."""
        if not connection.is_muted:
            self._distribute(message)
        return True

    def cut(self, connection: Connection) -> None:
        """End a connection; what was not acknowledged waits for the next one, and the will is due."""
        if not connection.is_open:
            return
        connection.is_open = False
        session = self._sessions[connection.name]
        session.waiting += [*connection.unacknowledged, *connection.under_way.values()]
        if session.connection is connection:
            session.connection = None
        delay = self.random.uniform(0, self.weather.will_delay_max_s)
        self.after(delay, lambda: self._bury(session, connection.ear))

    def stop(self, *, is_empty: bool) -> None:
        """End the broker. One that comes back empty knows no session, and nothing that was retained."""
        self.is_up = False
        for session in list(self._sessions.values()):
            if session.connection is not None:
                self._drop(session.connection)
        if is_empty:
            self._retained.clear()
            for session in self._sessions.values():
                session.waiting.clear()
                session.filters = ()

    def _drop(self, connection: Connection) -> None:
        connection.is_open = False
        session = self._sessions[connection.name]
        session.waiting += [*connection.unacknowledged, *connection.under_way.values()]
        session.connection = None
        self.after(0, lambda: connection.ear.lost("the broker ended"))

    def start(self) -> None:
        """Begin again; clients come back by themselves."""
        self.is_up = True

    def _bury(self, session: Session, ear: Ear) -> None:
        is_stray = self.weather.strays and ear.may_be_buried_alive
        if self.is_up and (session.connection is None or is_stray):
            self._distribute(ear.last_will)

    def _distribute(self, message: Message) -> None:
        if message.retain:
            self._retained[message.topic] = message.payload
        expires_at = float("inf") if message.expiry_s is None else self.now() + message.expiry_s
        parcel = Parcel(message.topic, message.payload, expires_at)
        for session in self._sessions.values():
            if not _hears(session, message.topic):
                continue
            if session.connection is not None:
                self._send(session.connection, parcel)
            elif not message.may_be_lost and len(session.waiting) < QUEUE_MAX_MESSAGES:
                session.waiting.append(parcel)

    def _send(self, connection: Connection, parcel: Parcel) -> None:
        copies = 0 if self.random.random() < self.weather.loss else 1
        copies += self.random.random() < self.weather.repetition
        line = parcel.topic if self.weather.reorders else ""
        for _ in range(copies):
            self._count += 1
            number = self._count
            delay = self.random.uniform(DELAY_MIN_S, self.weather.delay_max_s) + connection.slowness_s
            due = connection.due[line] = max(connection.due.get(line, 0.0), self.now() + delay)
            connection.under_way[number] = parcel
            self.after(due - self.now(), lambda number=number: self._arrive(connection, number))  # type: ignore[misc]

    def _arrive(self, connection: Connection, number: int) -> None:
        if not connection.is_open or connection.is_muted:
            return
        parcel = connection.under_way.pop(number)
        if parcel.expires_at < self.now():
            return
        if connection.ear.acknowledges_by_hand:
            connection.unacknowledged.append(parcel)
        self.trace(connection.name, "hears", parcel.topic, parcel.payload)
        connection.ear.deliver(parcel.topic, parcel.payload)


def _hears(session: Session, topic: str) -> bool:
    return any(_matches(known, topic) for known in session.filters)


def _matches(known: str, topic: str) -> bool:
    want, have = known.split("/"), topic.split("/")
    return len(want) == len(have) and all(part in {"+", got} for part, got in zip(want, have, strict=True))
