"""The MQTT client of both ends: one connection that is always being made again. The only file that imports paho.

paho's own reconnect loop has no jitter, resets its delay on any answer, and loses its thread to an exception in a
callback. So the loop is here, over the calls that paho offers for this: one thread does all reading and writing, since
a TLS connection must not be used by two at once, and whatever ends it is a reason to connect again. Other threads
only queue, and wake it through a pair of sockets.
"""

import random
import selectors
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

import structlog
from paho.mqtt.client import Client, MQTTMessage, MQTTMessageInfo, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from protocol.limits import MESSAGE_MAX_BYTES

KEEPALIVE_S = 30
CONNECT_TIMEOUT_S = 10
BACKOFF_MAX_S = 60.0
STABLE_S = 60.0
"""A connection that lasted this long starts the next back-off from the beginning."""
SESSION_EXPIRY_S = 7 * 24 * 3600
WILL_DELAY_S = 10
INFLIGHT_MAX_MESSAGES = 100
QUEUE_MAX_MESSAGES = 10_000
"""Most messages that wait inside paho; what does not fit is refused to the caller."""
STOP_TIMEOUT_S = 5.0
LOOP_S = 1.0
"""How long the thread sleeps when nothing happens, before it looks whether a ping is due."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the broker is, and who we are: files in PEM form. The certificate's common name is the client id."""

    host: str
    port: int
    ca: Path
    certificate: Path
    key: Path


@dataclass(frozen=True, slots=True)
class Message:
    """Something to publish, always with QoS 1 unless it may be lost."""

    topic: str
    payload: bytes
    retain: bool = False
    expiry_s: int | None = None
    may_be_lost: bool = False


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something the broker delivered; `mid` acknowledges it where that is done by hand."""

    topic: str
    payload: bytes
    mid: int
    qos: int


class Listener(Protocol):
    """Takes what happens on the line. Called on the line's thread, so it only puts things on a queue."""

    def connected(self) -> None:
        """The broker has accepted us; subscriptions are on their way."""

    def disconnected(self, reason: str) -> None:
        """The connection is gone, or could not be made; it is tried again."""

    def delivered(self, delivery: Delivery) -> None:
        """A message came."""

    def refused(self, reason: str) -> None:
        """The broker took a publication but did not allow it: a fault of identity or rights."""


@dataclass(frozen=True, slots=True)
class Role:
    """What one end of the line is: its name, what it hears, and what the broker says of it when it is gone."""

    client_id: str
    subscriptions: Sequence[str]
    will: Callable[[int], Message | None]
    acknowledges_by_hand: bool = False
    receive_max: int = INFLIGHT_MAX_MESSAGES


class Line:
    """One MQTT 5 connection over TLS, kept up by a thread of its own until it is stopped.

    `will` is asked before each connection, with that connection's number counted from `first_connection`.
    """

    def __init__(self, endpoint: Endpoint, role: Role, listener: Listener, *, first_connection: int = 1) -> None:
        self._endpoint = endpoint
        self._role = role
        self._listener = listener
        self._connection = first_connection - 1
        self._client: Client | None = None
        self._stopping = threading.Event()
        self._sleeper, self._waker = socket.socketpair()
        self._sleeper.settimeout(0)
        self._waker.settimeout(0)
        self._thread = threading.Thread(target=self._run, name=f"mqtt-{role.client_id}", daemon=True)

    @property
    def connection(self) -> int:
        """Number of the connection that is up or being made."""
        return self._connection

    def start(self) -> None:
        """Begin connecting; returns at once."""
        self._thread.start()

    def stop(self, last: Message | None = None) -> None:
        """Say a last word if there is one, disconnect in order, and end the thread."""
        self._stopping.set()
        client = self._client
        if client is not None:
            said = None if last is None else self._publish(client, last)
            if said is not None:
                # Closing with the broker's answers unread would reset the connection, and lose what it has not read.
                said.wait_for_publish(STOP_TIMEOUT_S)
            client.disconnect()
            self._wake()
        self._thread.join(STOP_TIMEOUT_S)

    def publish(self, message: Message) -> bool:
        """Hand a message to the broker; False while there is no connection. Nothing is queued for later.

        A message that the broker would not take is dropped: it would only end the connection, each time it is tried.
        """
        if len(message.payload) > MESSAGE_MAX_BYTES:
            log.error("a message is too large and was dropped", topic=message.topic, size_bytes=len(message.payload))
            return True
        client = self._client
        return client is not None and self._publish(client, message) is not None

    def _publish(self, client: Client, message: Message) -> MQTTMessageInfo | None:
        if not client.is_connected():
            return None
        properties = Properties(PacketTypes.PUBLISH)
        if message.expiry_s is not None:
            properties.MessageExpiryInterval = message.expiry_s
        qos = 0 if message.may_be_lost else 1
        info = client.publish(message.topic, message.payload, qos, message.retain, properties)
        self._wake()
        return info if info.rc == 0 else None

    def acknowledge(self, delivery: Delivery) -> None:
        """Tell the broker that a message was handled for good."""
        client = self._client
        if client is not None and delivery.qos > 0:
            client.ack(delivery.mid, delivery.qos)
            self._wake()

    def _run(self) -> None:
        with self._sleeper, self._waker:
            self._keep_connecting()

    def _keep_connecting(self) -> None:
        failures = 0
        while not self._stopping.is_set():
            began = monotonic()
            reason = self._connect_and_serve()
            self._client = None
            if self._stopping.is_set():
                return
            self._listener.disconnected(reason)
            failures = 0 if monotonic() - began > STABLE_S else failures + 1
            # Full jitter: after an outage a whole fleet must not come back in the same second.
            self._stopping.wait(random.uniform(0, min(BACKOFF_MAX_S, 2.0 ** min(failures, 10) / 4)))  # noqa: S311

    def _connect_and_serve(self) -> str:
        self._connection += 1
        reasons: list[str] = []
        try:
            client = self._new_client(reasons)
            client.connect(
                self._endpoint.host,
                self._endpoint.port,
                keepalive=KEEPALIVE_S,
                clean_start=False,
                properties=_connect_properties(self._role.receive_max),
            )
            self._client = client
            # Whoever stopped the line while it was connecting has found no client to disconnect.
            if not self._stopping.is_set():
                self._serve(client)
        except Exception as error:  # noqa: BLE001 - whatever ends a connection is a reason to make a new one
            return f"{type(error).__name__}: {error}"
        # The first is the cause; our own leaving, after a refusal, is only what followed.
        return reasons[0] if reasons else "the loop ended"

    def _serve(self, client: Client) -> None:
        """Read and write until the connection is gone."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._sleeper, selectors.EVENT_READ)
            code = 0
            while code == 0 and (connection := client.socket()) is not None:
                code = self._turn(client, connection, selector)

    def _turn(self, client: Client, connection: Any, selector: selectors.BaseSelector) -> int:
        """Sleep until something can be done, and do it; returns paho's code, 0 for success."""
        _watch(selector, connection, writing=client.want_write())
        # TLS may have read and decrypted more than it has handed out; no socket tells of that.
        has_more = connection.pending() > 0
        ready = {key.fileobj: events for key, events in selector.select(0 if has_more else LOOP_S)}
        if self._sleeper in ready:
            _drain(self._sleeper)
        code: int = 0
        if has_more or ready.get(connection, 0) & selectors.EVENT_READ:
            code = client.loop_read()
        if code == 0 and client.want_write():
            code = client.loop_write()
        return code or client.loop_misc()

    def _wake(self) -> None:
        # A full pipe means that the thread has been woken already, a closed one that it has ended.
        with suppress(OSError):
            self._waker.send(b"!")

    def _new_client(self, reasons: list[str]) -> Client:
        role = self._role
        client = Client(
            CallbackAPIVersion.VERSION2,
            client_id=role.client_id,
            protocol=MQTTv5,
            reconnect_on_failure=False,
            manual_ack=role.acknowledges_by_hand,
        )
        client.connect_timeout = CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(INFLIGHT_MAX_MESSAGES)
        client.max_queued_messages_set(QUEUE_MAX_MESSAGES)
        client.tls_set_context(_tls(self._endpoint))
        will = role.will(self._connection)
        if will is not None:
            delay = Properties(PacketTypes.WILLMESSAGE)
            delay.WillDelayInterval = WILL_DELAY_S
            client.will_set(will.topic, will.payload, 1, will.retain, delay)
        client.on_socket_open = _send_at_once
        # With this callback set, paho leaves all writing to the thread that runs the loop.
        client.on_socket_register_write = _only_queue
        client.on_connect = lambda *arguments: self._on_connect(arguments[0], arguments[3], reasons)
        client.on_disconnect = lambda *arguments: reasons.append(str(arguments[3]))
        client.on_message = lambda _client, _data, message: self._on_message(message)
        client.on_publish = lambda _client, _data, _mid, code, _properties: self._on_publish(code)
        return client

    def _on_connect(self, client: Client, code: ReasonCode, reasons: list[str]) -> None:
        if code.is_failure:
            reasons.append(f"refused: {code}")
            client.disconnect()
            return
        # Subscribing every time costs one packet; relying on the broker's memory of it has lost whole sessions.
        if self._role.subscriptions:
            client.subscribe([(topic, 1) for topic in self._role.subscriptions])
        self._listener.connected()

    def _on_message(self, message: MQTTMessage) -> None:
        self._listener.delivered(Delivery(message.topic, bytes(message.payload), message.mid, message.qos))

    def _on_publish(self, code: ReasonCode) -> None:
        if code.is_failure:
            self._listener.refused(str(code))


def _tls(endpoint: Endpoint) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(endpoint.ca)
    context.load_cert_chain(endpoint.certificate, endpoint.key)
    return context


def _connect_properties(receive_max: int) -> Properties:
    properties = Properties(PacketTypes.CONNECT)
    properties.SessionExpiryInterval = SESSION_EXPIRY_S
    properties.ReceiveMaximum = receive_max
    return properties


def _send_at_once(_client: Client, _data: Any, opened: Any) -> None:
    # Nagle's algorithm holds a small answer back for 40 ms.
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _only_queue(_client: Client, _data: Any, _socket: Any) -> None:
    return


def _watch(selector: selectors.BaseSelector, connection: Any, *, writing: bool) -> None:
    events = selectors.EVENT_READ | (selectors.EVENT_WRITE if writing else 0)
    if connection not in selector.get_map():
        selector.register(connection, events)
    elif selector.get_key(connection).events != events:
        selector.modify(connection, events)


def _drain(sleeper: socket.socket) -> None:
    with suppress(BlockingIOError):
        while sleeper.recv(4096):
            pass
