"""A crowd of kiosks in one process: as much of MQTT 5 (OASIS, 2019) as publishing, subscribing and being told needs.

The project's own line has a thread for each connection, and paho's loop ends near a thousand descriptors. This client
is for benches only: no sessions, no wills, one packet at a time.
"""

import asyncio
import ssl
import struct
from collections.abc import Callable, Sequence

from provisioning.mqtt import Endpoint

KEEPALIVE_S = 60
CONNECT, CONNACK, PUBLISH, PUBACK, SUBSCRIBE, SUBACK, PINGREQ = 0x10, 0x20, 0x30, 0x40, 0x82, 0x90, 0xC0
QOS_1 = 0x02
CLEAN_START = 0x02
HANDSHAKE_TIMEOUT_S = 120.0

Heard = Callable[[str, bytes], None]


class RefusedError(Exception):
    """The broker does not take us."""


class Connection:
    """One connection; what it hears is handed on until it ends."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._packet = 0

    @classmethod
    async def open(cls, name: str, endpoint: Endpoint, context: ssl.SSLContext) -> "Connection":
        """Connect, and wait until the broker has accepted us.

        Raises:
            RefusedError: it says no.
            OSError: it cannot be reached, or has gone away again.
        """
        reader, writer = await asyncio.open_connection(
            endpoint.host, endpoint.port, ssl=context, ssl_handshake_timeout=HANDSHAKE_TIMEOUT_S
        )
        connection = cls(reader, writer)
        head = _text("MQTT") + struct.pack("!BBH", 5, CLEAN_START, KEEPALIVE_S) + b"\x00"
        connection._send(CONNECT, head + _text(name))
        kind, body = await connection._receive()
        if kind != CONNACK or body[1]:
            raise RefusedError(f"{name}: packet {kind}, reason {body[1]}")
        return connection

    async def subscribe(self, filters: Sequence[str]) -> None:
        """Subscribe with QoS 1, and wait for the broker's word. Nothing may have been published before."""
        self._send(SUBSCRIBE, self._number() + b"\x00" + b"".join(_text(topic) + b"\x01" for topic in filters))
        kind, _body = await self._receive()
        assert kind == SUBACK

    def publish(self, topic: str, payload: bytes, *, retain: bool = False) -> None:
        """Send with QoS 1; the broker's acknowledgement says nothing and is not waited for."""
        self._send(PUBLISH | QOS_1 | retain, _text(topic) + self._number() + b"\x00" + payload)

    async def listen(self, heard: Heard) -> None:
        """Hand on what comes and acknowledge it, until the connection ends."""
        while True:
            try:
                async with asyncio.timeout(KEEPALIVE_S / 2):
                    kind, body = await self._receive()
            except TimeoutError:
                self._send(PINGREQ, b"")
                continue
            if kind & 0xF0 == PUBLISH:
                self._take(kind, body, heard)

    def close(self) -> None:
        """Hang up."""
        self._writer.close()

    def _take(self, kind: int, body: bytes, heard: Heard) -> None:
        (length,) = struct.unpack_from("!H", body)
        topic, rest = body[2 : 2 + length].decode(), body[2 + length :]
        if kind & QOS_1:
            self._send(PUBACK, rest[:2])
            rest = rest[2:]
        properties, start = _length(rest)
        heard(topic, rest[start + properties :])

    def _number(self) -> bytes:
        self._packet = self._packet % 0xFFFF + 1
        return struct.pack("!H", self._packet)

    def _send(self, kind: int, body: bytes) -> None:
        self._writer.write(bytes([kind]) + _varint(len(body)) + body)

    async def _receive(self) -> tuple[int, bytes]:
        # A packet is read whole or not at all, so that giving up waiting for one leaves nothing half read.
        kind = (await self._reader.readexactly(1))[0]
        size, shift = 0, 0
        while True:
            byte = (await self._reader.readexactly(1))[0]
            size |= (byte & 0x7F) << shift
            if byte < 0x80:
                return kind, await self._reader.readexactly(size)
            shift += 7


def context_of(endpoint: Endpoint) -> ssl.SSLContext:
    """TLS as a kiosk speaks it, with the kiosk's own certificate."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    context.load_verify_locations(endpoint.ca)
    context.load_cert_chain(endpoint.certificate, endpoint.key)
    return context


def _text(text: str) -> bytes:
    return struct.pack("!H", len(text)) + text.encode()


def _varint(value: int) -> bytes:
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _length(data: bytes) -> tuple[int, int]:
    value, shift = 0, 0
    for position, byte in enumerate(data):
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position + 1
        shift += 7
    raise ValueError("a length without an end")
