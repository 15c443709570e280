"""Drives the ingest core: takes what waits, books it, sends the answers, and only then acknowledges to the broker.

One thread does all database work. There is no timer: a batch is whatever came while the one before was booked.
"""

import threading

import structlog
from sqlalchemy.exc import OperationalError

from hub.clock import Clock
from hub.messaging.backlog import Backlog
from hub.messaging.ingest import Arrival, Ingest
from hub.messaging.publisher import Publication
from protocol import codec, topics
from protocol.state import HubStatus
from protocol.topics import Channel
from provisioning.mqtt import Delivery, Endpoint, Line, Message, Role

CLIENT_ID = "hub"
"""Common name of the hub's own certificate; no kiosk is ever given it."""

URGENT_MAX_MESSAGES = 20_000
"""Most messages that wait and may not be let go; one more holds up the line's thread, and so the broker."""
RECEIVE_MAX_MESSAGES = 20_000
"""Most messages that the broker delivers before they are acknowledged. Behind these it keeps one order for all kiosks,
in which a question would wait for the journals that came before it."""
RETRY_S = 1.0
TRIES_MAX = 3
"""How often a batch is tried before its messages are tried one by one; a database that is away does not count."""
TICK_S = 5.0
"""How long an idle worker waits before it looks whether something has to be sent again."""

UPWARD = (Channel.EVENTS, Channel.REQUESTS, Channel.REPORTS, Channel.TELEMETRY, Channel.STATUS)

log = structlog.get_logger()


class Worker:
    """The ingest process's one working thread, with the line that feeds it."""

    def __init__(self, ingest: Ingest, endpoint: Endpoint, clock: Clock) -> None:
        self._ingest = ingest
        self._clock = clock
        self._backlog: Backlog[Delivery] = Backlog()
        self._changed = threading.Condition()
        self._woken = False
        self._stopping = threading.Event()
        role = Role(
            client_id=CLIENT_ID,
            subscriptions=[topics.of_every_kiosk(channel) for channel in UPWARD],
            will=lambda _connection: _offline(),
            acknowledges_by_hand=True,
            receive_max=RECEIVE_MAX_MESSAGES,
        )
        self._line = Line(endpoint, role, self)

    def connected(self) -> None:
        """Announce the hub, now that somebody hears it."""
        log.info("connected to the broker")
        self._line.publish(_message(self._ingest.birth(self._clock())))
        self.wake()

    def disconnected(self, reason: str) -> None:
        """Wait; the line connects again by itself."""
        log.warning("no connection to the broker", reason=reason)

    def refused(self, reason: str) -> None:
        """The broker's rules and ours differ; somebody has to look."""
        log.error("the broker refuses what the hub publishes", reason=reason)

    def delivered(self, delivery: Delivery) -> None:
        """Let a message wait, or let go an envelope for which there is no room."""
        with self._changed:
            self._changed.wait_for(lambda: self._backlog.urgent < URGENT_MAX_MESSAGES or self._stopping.is_set())
            waits = self._backlog.put(delivery, self._clock())
            self._changed.notify_all()
        if not waits:
            log.info("an envelope was let go; it will be sent again", topic=delivery.topic)
            self._line.acknowledge(delivery)

    def wake(self) -> None:
        """Look for something to send."""
        with self._changed:
            self._woken = True
            self._changed.notify_all()

    def run(self) -> None:
        """Work until stopped."""
        self._line.start()
        while not self._stopping.is_set():
            batch = self._next_batch()
            if not self._stopping.is_set():
                self._until_done(batch)
        self._line.stop(_offline())

    def stop(self) -> None:
        """Have `run` end after the batch in hand."""
        self._stopping.set()
        self.wake()

    def _next_batch(self) -> list[Delivery]:
        with self._changed:
            self._changed.wait_for(lambda: self._woken or len(self._backlog) > 0, TICK_S)
            self._woken = False
            batch, late = self._backlog.take(self._clock())
            self._changed.notify_all()
        for delivery in late:
            log.warning("a question came too late to be answered", topic=delivery.topic)
            self._line.acknowledge(delivery)
        return batch

    def _work(self, batch: list[Delivery]) -> None:
        now = self._clock()
        arrivals = [Arrival(delivery.topic, delivery.payload) for delivery in batch]
        sent = self._ingest.take(arrivals, now) if arrivals else self._ingest.flush(now)
        for publication in sent:
            self._line.publish(_message(publication))
        for delivery in batch:
            self._line.acknowledge(delivery)

    def _until_done(self, batch: list[Delivery]) -> None:
        # Nothing was acknowledged, so a batch that the database could not take is simply taken again.
        failures = 0
        while not self._stopping.is_set():
            try:
                self._work(batch)
            except OperationalError:
                log.exception("the database is away; trying again", wait_s=RETRY_S)
            except Exception:
                failures += 1
                log.exception("ingest failed; trying again", wait_s=RETRY_S)
            else:
                return
            if failures == TRIES_MAX:
                self._one_by_one(batch)
                return
            self._stopping.wait(RETRY_S)

    def _one_by_one(self, batch: list[Delivery]) -> None:
        """Find the message that cannot be taken, and drop it: the others must be served."""
        if len(batch) > 1:
            for delivery in batch:
                self._until_done([delivery])
        elif batch:
            log.critical("a message was dropped", topic=batch[0].topic)
            self._line.acknowledge(batch[0])


def _offline() -> Message:
    return Message(topics.HUB_STATUS, codec.encode(HubStatus(online=False)), retain=True)


def _message(publication: Publication) -> Message:
    return Message(publication.topic, publication.payload, publication.retain, publication.expiry_s)
