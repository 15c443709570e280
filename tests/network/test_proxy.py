"""The proxy does to bytes what it says: without that the tests through it would show nothing."""

import select
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass

import pytest

from tests.network.proxy import HOST, FaultProxy, Faults

WAIT_S = 30.0
SILENCE_S = 0.3
"""Long enough for bytes that were not held back to arrive; if they came later still, a fault would go unnoticed."""
DATA = bytes(range(256)) * 40


@dataclass
class Ends:
    """A client and the server's end of the same connection, with the proxy between them."""

    proxy: FaultProxy
    listener: socket.socket

    def connect(self) -> tuple[socket.socket, socket.socket]:
        client = socket.create_connection((HOST, self.proxy.port), timeout=WAIT_S)
        server, _ = self.listener.accept()
        server.settimeout(WAIT_S)
        return client, server


@pytest.fixture
def ends() -> Iterator[Ends]:
    with ExitStack() as opened:
        listener = opened.enter_context(socket.create_server((HOST, 0)))
        listener.settimeout(WAIT_S)
        yield Ends(opened.enter_context(FaultProxy(listener.getsockname()[1])), listener)


@pytest.fixture
def pair(ends: Ends) -> Iterator[tuple[socket.socket, socket.socket]]:
    client, server = ends.connect()
    with client, server:
        # The kernel connects before the proxy knows of it; a byte that has come through shows that it does.
        server.sendall(b"!")
        assert client.recv(1) == b"!"
        yield client, server


Pair = tuple[socket.socket, socket.socket]


def receive(end: socket.socket, size: int) -> bytes:
    data = b""
    while len(data) < size and (chunk := end.recv(65_536)):
        data += chunk
    return data


def is_silent(end: socket.socket) -> bool:
    return not select.select([end], [], [], SILENCE_S)[0]


def test_bytes_pass_both_ways_and_so_does_the_end(pair: Pair) -> None:
    client, server = pair

    client.sendall(DATA)
    server.sendall(DATA[::-1])

    assert receive(server, len(DATA)) == DATA
    assert receive(client, len(DATA)) == DATA[::-1]
    client.close()
    assert server.recv(1) == b""


def test_late_bytes_are_late_in_one_direction_and_keep_their_order(ends: Ends, pair: Pair) -> None:
    client, server = pair
    ends.proxy.spoil(up=Faults(latency_s=2 * SILENCE_S, jitter_s=SILENCE_S))

    began = time.monotonic()
    for start in range(0, len(DATA), 1_000):
        client.sendall(DATA[start : start + 1_000])
        time.sleep(0.001)
    server.sendall(b"at once")

    assert receive(client, 7) == b"at once"
    assert receive(server, len(DATA)) == DATA
    assert time.monotonic() - began >= 2 * SILENCE_S


def test_narrow_link_lets_through_so_many_bytes_a_second(ends: Ends, pair: Pair) -> None:
    client, server = pair
    ends.proxy.spoil(up=Faults(bytes_per_s=20_000))

    began = time.monotonic()
    client.sendall(DATA)

    assert receive(server, len(DATA)) == DATA
    assert time.monotonic() - began >= 0.9 * len(DATA) / 20_000


def test_sliced_bytes_come_piece_by_piece(ends: Ends, pair: Pair) -> None:
    client, server = pair
    ends.proxy.spoil(up=Faults(slice_bytes=7, bytes_per_s=1_000))

    client.sendall(DATA[:70])

    pieces: list[bytes] = []
    while len(b"".join(pieces)) < 70:
        pieces.append(server.recv(65_536))
    assert b"".join(pieces) == DATA[:70]
    assert max(map(len, pieces)) <= 14


def test_swallowed_bytes_never_come_and_later_ones_do(ends: Ends, pair: Pair) -> None:
    client, server = pair
    ends.proxy.spoil(up=Faults(swallows=True))

    client.sendall(b"gone")
    ends.proxy.wait_until_swallowed(0)
    ends.proxy.spoil()
    client.sendall(b"here")

    assert receive(server, 4) == b"here"


def test_limit_closes_after_exactly_so_many_bytes(ends: Ends, pair: Pair) -> None:
    client, server = pair
    ends.proxy.spoil(up=Faults(limit_bytes=1_000))

    client.sendall(DATA)

    assert receive(server, len(DATA)) == DATA[:1_000]
    again, server_again = ends.connect()
    with again, server_again:
        again.sendall(b"a new connection has a limit of its own")
        assert receive(server_again, 10)[:5] == b"a new"


def test_slow_close_tells_the_other_end_later(ends: Ends, pair: Pair) -> None:
    client, server = pair
    ends.proxy.spoil(up=Faults(close_delay_s=2 * SILENCE_S))

    client.close()

    assert is_silent(server)
    assert server.recv(1) == b""


@pytest.mark.parametrize("at_once", [True, False])
def test_reset_is_a_reset_at_both_ends(ends: Ends, pair: Pair, at_once: bool) -> None:  # noqa: FBT001
    client, server = pair
    if at_once:
        ends.proxy.reset()
    else:
        ends.proxy.spoil(up=Faults(resets=True))
        client.sendall(b"the first byte")

    for end in (client, server):
        with pytest.raises(ConnectionResetError):
            end.recv(1)


def test_cut_connection_is_half_open_for_ever_and_a_new_one_is_whole(ends: Ends, pair: Pair) -> None:
    client, server = pair
    ends.proxy.cut()

    client.sendall(b"into the void")
    ends.proxy.wait_until_swallowed(0)
    server.close()

    assert is_silent(client)
    again, server_again = ends.connect()
    with again, server_again:
        again.sendall(b"whole")
        assert receive(server_again, 5) == b"whole"


def test_nobody_behind_the_proxy_closes_the_connection() -> None:
    with socket.create_server((HOST, 0)) as gone:
        port = gone.getsockname()[1]
    with FaultProxy(port) as proxy, socket.create_connection((HOST, proxy.port), timeout=WAIT_S) as client:
        assert client.recv(1) == b""
