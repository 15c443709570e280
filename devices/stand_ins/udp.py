"""A field for nfcpy's `udp` driver: datagrams like `106A 9320`, both ways, on one socket of this machine.

nfcpy's own card side opens a new socket for every card and loses datagrams in between. Here one socket stays bound,
and a reader that waits for a card is remembered, so that a card is seen at once and not at the next poll.
"""

import re
import socket
from collections.abc import Callable
from contextlib import suppress
from threading import Lock, Thread
from typing import Self

import structlog

from devices.stand_ins.activation import REQA, WUPA
from devices.stand_ins.field import Field

DATAGRAM_MAX_BYTES = 1024

_FRAME = re.compile(rb"106A ((?:[0-9A-Fa-f]{2})+)\s*")
_FIELD_OFF = b"RFOFF"
_log = structlog.get_logger(__name__)
_Address = tuple[str, int]


class UdpAntenna:
    """Serves a field on 127.0.0.1. With `port` 0 the system chooses one; `path` tells nfcpy where it is.

    `now_s` is a clock that never goes back; it only serves `idle_s`. To be used in a `with` statement.
    """

    def __init__(self, field: Field, *, port: int = 0, now_s: Callable[[], float]) -> None:
        self._field = field
        self._now_s = now_s
        self._lock = Lock()
        self._waiting: _Address | None = None
        self._heard_at_s: float | None = None
        self._closing = False
        self._address = ("127.0.0.1", port)
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._thread = Thread(target=self._serve, name="udp-antenna", daemon=True)

    def __enter__(self) -> Self:
        try:
            self._socket.bind(self._address)
        except OSError:
            self._socket.close()
            raise
        self._field.watch(self._answer_waiting)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._closing = True
        self._socket.sendto(b"", self._socket.getsockname())
        self._thread.join()
        with self._lock:
            self._waiting = None
        self._socket.close()

    @property
    def port(self) -> int:
        """Port that the antenna listens on."""
        return int(self._socket.getsockname()[1])

    @property
    def path(self) -> str:
        """Path by which a reader opens this antenna."""
        return f"udp:127.0.0.1:{self.port}"

    @property
    def idle_s(self) -> float | None:
        """Seconds since a reader was heard last; None if there never was one."""
        return None if self._heard_at_s is None else self._now_s() - self._heard_at_s

    def _serve(self) -> None:
        while not self._closing:
            data, address = self._socket.recvfrom(DATAGRAM_MAX_BYTES)
            self._heard_at_s = self._now_s()
            try:
                self._take(data, address)
            except OSError as error:
                _log.error("antenna.failed", error=error.strerror)

    def _take(self, data: bytes, address: _Address) -> None:
        if data.startswith(_FIELD_OFF):
            self._field.drop()
            return
        found = _FRAME.fullmatch(data)
        if found is None:
            return
        frame = bytes.fromhex(found[1].decode())
        if frame in (REQA, WUPA):
            self._look_for_card(frame, address)
        else:
            self._converse(frame, address)

    def _look_for_card(self, request: bytes, address: _Address) -> None:
        """The driver drops its field before it looks for a card, but tells so only if a card had answered it."""
        self._field.drop()
        with self._lock:
            self._waiting = None if self._call(request, address) else address

    def _answer_waiting(self) -> None:
        with self._lock:
            if self._waiting is not None:
                self._call(REQA, self._waiting)
                self._waiting = None

    def _call(self, request: bytes, address: _Address) -> bool:
        answer = self._field.exchange(request)
        if answer is not None:
            self._send(answer, address)
        return answer is not None

    def _converse(self, frame: bytes, address: _Address) -> None:
        """Let the card answer. It cannot hear while it is busy, so a frame repeated meanwhile has no second answer."""
        answer = self._field.exchange(frame)
        if answer is not None:
            self._empty_queue()
            self._send(answer, address)

    def _empty_queue(self) -> None:
        with suppress(BlockingIOError):
            while True:
                self._socket.recv(DATAGRAM_MAX_BYTES, socket.MSG_DONTWAIT)

    def _send(self, answer: bytes, address: _Address) -> None:
        self._socket.sendto(b"106A " + answer.hex().encode(), address)
