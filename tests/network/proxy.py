"""A TCP proxy that spoils what passes through it, in each direction for itself, and changeable while it runs.

It knows bytes and nothing else: TLS goes through it from end to end. It runs an event loop on a thread of its own, so
that neither end under test waits for it.
"""

import asyncio
import socket
import struct
import threading
from collections.abc import Coroutine
from dataclasses import dataclass, field
from random import Random
from types import TracebackType
from typing import Any, Self

from provisioning.box.waiting import until

HOST = "127.0.0.1"
READ_BYTES = 65_536
QUEUE_MAX_CHUNKS = 64
"""So many chunks may be on their way in one direction; then the sender is held up, as a full link holds it up."""
WAIT_S = 90.0
POLL_S = 0.05
"""How often it is looked whether an end that may not be told of a closing may be told now."""
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER with no time: the kernel ends the connection with RST instead of FIN."""


@dataclass(frozen=True, slots=True)
class Faults:
    """What happens to bytes that go one way; nothing by default."""

    latency_s: float = 0.0
    jitter_s: float = 0.0
    """Up to so much more than the latency, drawn for each chunk; bytes stay in their order."""
    bytes_per_s: float | None = None
    slice_bytes: int | None = None
    """The other end is given so many bytes at a time, each piece in a packet of its own."""
    swallows: bool = False
    """Bytes are taken and never come out, and neither does the end of the connection."""
    limit_bytes: int | None = None
    """A connection is closed once so many bytes of it have passed this way."""
    close_delay_s: float = 0.0
    """The other end hears so much later that the connection was closed."""
    resets: bool = False
    """The first byte ends the connection with RST at both ends."""


@dataclass(eq=False, slots=True)
class _Way:
    """One direction of one connection."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter
    up: bool
    queue: asyncio.Queue[tuple[float, bytes]] = field(default_factory=lambda: asyncio.Queue(QUEUE_MAX_CHUNKS))
    passed_bytes: int = 0
    due: float = 0.0


@dataclass(eq=False, slots=True)
class _Connection:
    """Both ends of one connection; once it is cut, nothing passes it any more, and nobody is told."""

    ends: tuple[asyncio.StreamWriter, asyncio.StreamWriter]
    is_cut: bool = False

    def close(self) -> None:
        for end in self.ends:
            end.close()

    def reset(self) -> None:
        for end in self.ends:
            end.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            end.transport.abort()


class FaultProxy:
    """Listens on a free port for as long as it is entered. `up` is the way from whoever connects to the server."""

    def __init__(self, server_port: int, *, seed: int = 1) -> None:
        self.up = Faults()
        self.down = Faults()
        self.port = 0
        self.accepted = 0
        self.swallowed_bytes = 0
        self._server_port = server_port
        self._random = Random(seed)
        self._connections: set[_Connection] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="fault-proxy", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        self._do(self._listen())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._do(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def spoil(self, up: Faults | None = None, down: Faults | None = None) -> None:
        """Have these faults from the next chunk on, on connections that are open too; without any, heal."""
        self.up, self.down = up or Faults(), down or Faults()

    def cut(self) -> None:
        """Make every open connection half-open: both ends believe in it, and nothing passes. New ones are whole."""
        self._loop.call_soon_threadsafe(self._cut)

    def reset(self) -> None:
        """End every open connection with RST."""
        self._loop.call_soon_threadsafe(self._reset)

    def wait_for_connection(self, number: int) -> None:
        """Wait until so many connections were made since the beginning."""
        until(lambda: self.accepted >= number, "a new connection", WAIT_S)

    def wait_until_swallowed(self, total_bytes: int) -> None:
        """Wait until more than so many bytes were swallowed since the beginning."""
        until(lambda: self.swallowed_bytes > total_bytes, "something to swallow", WAIT_S)

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_S)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, HOST, 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        self._server.close()
        for connection in list(self._connections):
            connection.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _cut(self) -> None:
        for connection in self._connections:
            connection.is_cut = True

    def _reset(self) -> None:
        for connection in list(self._connections):
            connection.reset()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self.accepted += 1
        try:
            far_reader, far_writer = await asyncio.open_connection(HOST, self._server_port)
        except OSError:
            writer.close()
            return
        connection = _Connection((writer, far_writer))
        self._connections.add(connection)
        try:
            async with asyncio.TaskGroup() as group:
                for way in (_Way(reader, far_writer, up=True), _Way(far_reader, writer, up=False)):
                    group.create_task(self._read(connection, way))
                    group.create_task(self._write(way))
        except* OSError:
            # An end that is gone cannot be written to; the other one is told by the closing below.
            pass
        finally:
            self._connections.discard(connection)
            connection.close()

    def _faults(self, way: _Way) -> Faults:
        return self.up if way.up else self.down

    async def _read(self, connection: _Connection, way: _Way) -> None:
        try:
            while chunk := await way.reader.read(READ_BYTES):
                await self._take(connection, way, chunk)
        except OSError:
            # A connection that was reset at one end is closed at the other, like one that was closed in order.
            pass
        while connection.is_cut or self._faults(way).swallows:  # noqa: ASYNC110 - another thread ends it
            await asyncio.sleep(POLL_S)
        await asyncio.sleep(self._faults(way).close_delay_s)
        await way.queue.put((0.0, b""))

    async def _take(self, connection: _Connection, way: _Way, chunk: bytes) -> None:
        faults = self._faults(way)
        if faults.resets:
            connection.reset()
        if connection.is_cut or faults.swallows:
            self.swallowed_bytes += len(chunk)
            return
        room = len(chunk) if faults.limit_bytes is None else max(faults.limit_bytes - way.passed_bytes, 0)
        way.passed_bytes += len(chunk[:room])
        latency_s = faults.latency_s + self._random.uniform(0, faults.jitter_s)
        way.due = max(way.due, self._loop.time() + latency_s)
        await way.queue.put((way.due, chunk[:room]))
        if room < len(chunk):
            await way.queue.put((0.0, b""))

    async def _write(self, way: _Way) -> None:
        while True:
            due, chunk = await way.queue.get()
            if not chunk:
                way.writer.close()
                return
            await asyncio.sleep(max(due - self._loop.time(), 0.0))
            await self._hand_on(way, chunk)

    async def _hand_on(self, way: _Way, chunk: bytes) -> None:
        faults = self._faults(way)
        size = faults.slice_bytes or len(chunk)
        if faults.bytes_per_s is not None:
            size = min(size, max(int(faults.bytes_per_s / 20), 1))
        for start in range(0, len(chunk), size):
            piece = chunk[start : start + size]
            way.writer.write(piece)
            await way.writer.drain()
            # Another turn of the loop makes a packet of its own of each piece.
            await asyncio.sleep(0 if faults.bytes_per_s is None else len(piece) / faults.bytes_per_s)
