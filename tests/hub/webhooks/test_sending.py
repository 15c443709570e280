import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hub.webhooks.rules import NOBODY_INSIDE, Guard
from hub.webhooks.sending import PATIENCE, Attempt, Patience, Sender
from provisioning import pki
from provisioning.keys import new_key
from tests.hub.webhooks.conftest import Receiver

NAME = "shop.example"
BODY = b"{}"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"


@contextmanager
def answering(answer: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server that does as it is told with the first who comes; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            came, _ = server.accept()
            with came:
                answer(came)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def heard_whole(came: socket.socket) -> bytes:
    """The request, to its end: who answers and hangs up earlier may cut off the answer with it."""
    heard = b""
    while not heard.endswith(BODY) and (more := came.recv(65_536)):
        heard += more
    return heard


def saying(answer: bytes) -> Callable[[socket.socket], None]:
    """Hear a request, and answer it."""

    def say(came: socket.socket) -> None:
        heard_whole(came)
        came.sendall(answer)

    return say


def send_to(
    port: int, *, scheme: str = "http", trust: ssl.SSLContext | None = None, patience: Patience = PATIENCE
) -> Attempt:
    """Send to a port of this machine, which was allowed by name."""
    guard = Guard(frozenset({f"{NAME}:{port}"}))
    sender = Sender(guard, find=lambda _host, _port: ["127.0.0.1"], trust=trust, patience=patience)
    return sender.send(f"{scheme}://{NAME}:{port}/hook", BODY, {})


def test_a_redirect_is_not_followed(receiver: Receiver) -> None:
    receiver.status, receiver.location = 307, receiver.url
    sender = Sender(Guard(frozenset({f"127.0.0.1:{receiver.port}"})))

    attempt = sender.send(receiver.url, b"{}", {})

    assert (attempt.status, attempt.has_succeeded, len(receiver.came)) == (307, False, 1)


@pytest.mark.parametrize("address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "::ffff:127.0.0.1"])
def test_a_name_that_leads_inside_is_not_followed(receiver: Receiver, address: str) -> None:
    sender = Sender(NOBODY_INSIDE, find=lambda _host, _port: [address])

    attempt = sender.send(f"https://{NAME}:{receiver.port}/", b"{}", {})

    assert (attempt.status, attempt.problem, receiver.came) == (None, "address refused", [])


def test_a_name_is_looked_up_once_so_it_cannot_change_its_mind() -> None:
    asked: list[str] = []

    def rebinding(host: str, _port: int) -> list[str]:
        asked.append(host)
        return ["192.0.2.1"] if len(asked) > 1 else ["127.0.0.1"]

    with answering(saying(OK)) as port:
        guard = Guard(frozenset({f"{NAME}:{port}"}))
        attempt = Sender(guard, find=rebinding).send(f"http://{NAME}:{port}/", b"{}", {})

    assert (attempt.status, asked) == (200, [NAME])


def test_plain_http_is_refused_unless_it_was_allowed(receiver: Receiver) -> None:
    attempt = Sender(NOBODY_INSIDE).send(receiver.url, b"{}", {})

    assert (attempt.problem, receiver.came) == ("address refused", [])


def test_an_answer_that_never_ends_is_cut_off() -> None:
    is_cut = threading.Event()

    def drip(came: socket.socket) -> None:
        came.recv(65_536)
        try:
            came.sendall(b"HTTP/1.1 200 OK\r\n")
            while not is_cut.wait(0.02):
                came.sendall(b"X-Drip: 1\r\n")
        except OSError:
            pass

    with answering(drip) as port:
        attempt = send_to(port, patience=Patience(attempt_s=0.3))
        is_cut.set()

    assert (attempt.status, attempt.problem) == (None, "timeout")


def test_a_receiver_that_says_nothing_is_left() -> None:
    is_over = threading.Event()

    def wait(_came: socket.socket) -> None:
        is_over.wait(10)

    with answering(wait) as port:
        attempt = send_to(port, patience=Patience(silence_s=0.2))
        is_over.set()

    assert attempt.problem == "timeout"


def test_of_a_huge_answer_only_the_beginning_is_read() -> None:
    def flood(came: socket.socket) -> None:
        came.recv(65_536)
        came.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n")
        try:
            for _ in range(10_000):
                came.sendall(bytes(65_536))
        except OSError:
            pass

    with answering(flood) as port:
        assert send_to(port).status == 200


@pytest.mark.parametrize("answer", [b"", b"garbage\r\n\r\n", b"HTTP/1.1 OK\r\n\r\n", b"\x00" * 100])
def test_what_is_no_answer_is_a_failure(answer: bytes) -> None:
    with answering(saying(answer)) as port:
        assert send_to(port).problem == "connection"


def test_a_name_that_nobody_knows_is_a_failure() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise socket.gaierror

    assert Sender(NOBODY_INSIDE, find=unknown).send("https://nowhere.example/", b"{}", {}).problem == "name unknown"


def test_nobody_at_home_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

    assert send_to(port).problem == "connection"


@pytest.fixture
def certified(tmp_path: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server's side of TLS under our name, and the side of those who believe its authority."""
    now, key = datetime.now(UTC), new_key()
    authority = pki.Authority.create("servers", now)
    pki.save(tmp_path, "server", authority.issue_server([NAME], key, now), key)
    pki.save(tmp_path, "ca", authority.certificate, authority.key)
    serving = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    serving.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    return serving, ssl.create_default_context(cafile=tmp_path / "ca.pem")


def test_tls_is_spoken_under_the_name_though_the_address_was_looked_up_before(
    certified: tuple[ssl.SSLContext, ssl.SSLContext],
) -> None:
    serving, trust = certified
    heard: list[bytes] = []

    def answer(came: socket.socket) -> None:
        with serving.wrap_socket(came, server_side=True) as secured:
            heard.append(heard_whole(secured))
            secured.sendall(OK)

    with answering(answer) as port:
        attempt = send_to(port, scheme="https", trust=trust)

    assert attempt.status == 200
    assert f"Host: {NAME}:{port}".encode() in heard[0]


def test_a_certificate_that_nobody_vouches_for_is_refused(certified: tuple[ssl.SSLContext, ssl.SSLContext]) -> None:
    serving, _trust = certified

    def answer(came: socket.socket) -> None:
        with suppress(OSError):
            serving.wrap_socket(came, server_side=True).close()

    with answering(answer) as port:
        attempt = send_to(port, scheme="https")

    assert (attempt.status, attempt.problem) == (None, "certificate or TLS")
