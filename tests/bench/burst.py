"""A burst of HTTPS requests: each on a connection of its own, all begun in the same instant, driven by one thread.

The connections are made with the requests, or beforehand, as tills and apps keep theirs open.
"""

import selectors
import socket
import ssl
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

ANSWER_TIMEOUT_S = 30.0
READ_BYTES = 65_536


@dataclass(slots=True)
class Call:
    """One request and what became of it: `seconds` from the burst's beginning to the end of its answer."""

    request: bytes
    connection: ssl.SSLSocket
    may_send: bool = True
    is_secure: bool = False
    is_sent: bool = False
    answer: bytearray = field(default_factory=bytearray)
    seconds: float = 0.0

    @property
    def status(self) -> int:
        """The answer's HTTP status; 0 without an answer."""
        return int(self.answer[9:12] or 0)

    def advance(self) -> int:
        """Do what can be done now; returns the events to wait for, 0 when the server has closed."""
        try:
            if not self.is_secure:
                self.connection.do_handshake()
                self.is_secure = True
            if not self.may_send:
                return 0
            if not self.is_sent:
                self.connection.sendall(self.request)
                self.is_sent = True
            while chunk := self.connection.recv(READ_BYTES):
                self.answer += chunk
        except ssl.SSLWantReadError:
            return selectors.EVENT_READ
        except ssl.SSLWantWriteError:
            return selectors.EVENT_WRITE
        except OSError:
            return 0
        return 0


def request(method: str, path: str, key: str, *, body: bytes = b"", headers: str = "") -> bytes:
    """The bytes of a request that asks the server to close the connection after its answer."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nAuthorization: Bearer {key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n{headers}\r\n"
    )
    return head.encode() + body


def burst(address: tuple[str, int], context: ssl.SSLContext, requests: Sequence[bytes]) -> list[Call]:
    """Connect and send all requests at once, and wait for all answers."""
    calls = [_call(context, request) for request in requests]
    for call in calls:
        call.connection.connect_ex(address)
    _drive(calls)
    return calls


def burst_over_open(address: tuple[str, int], context: ssl.SSLContext, requests: Sequence[bytes]) -> list[Call]:
    """Connect first; then send all requests at once and wait for all answers."""
    calls = [_call(context, request) for request in requests]
    for call in calls:
        call.may_send = False
        call.connection.connect_ex(address)
    _drive(calls)
    for call in calls:
        call.may_send = True
    _drive(calls)
    return calls


def _drive(calls: Sequence[Call]) -> None:
    with selectors.DefaultSelector() as selector:
        began = time.perf_counter()
        for call in calls:
            selector.register(call.connection, selectors.EVENT_WRITE, call)
        while selector.get_map():
            ready = selector.select(ANSWER_TIMEOUT_S)
            if not ready:
                break
            for key, _events in ready:
                _advance(selector, key, began)


def _call(context: ssl.SSLContext, request: bytes) -> Call:
    plain = socket.socket()
    plain.settimeout(0)
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return Call(request, context.wrap_socket(plain, server_hostname="localhost", do_handshake_on_connect=False))


def _advance(selector: selectors.BaseSelector, key: selectors.SelectorKey, began: float) -> None:
    call: Call = key.data
    events = call.advance()
    if events == 0:
        call.seconds = time.perf_counter() - began
        selector.unregister(call.connection)
        if call.is_sent:
            call.connection.close()
    elif events != key.events:
        selector.modify(call.connection, events, call)
