"""The real server of the API, as its options have it: which TLS it speaks, and how it divides what it is sent."""

import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi import FastAPI

from hub.commands.api import options
from hub.settings import Listen
from provisioning import pki
from provisioning.keys import new_key
from tests.hub.api import Api

HOST = "127.0.0.1"
WEAK = "ECDHE-ECDSA-AES128-SHA256"
"""CBC; the platform's own list has it."""

HUNG_UP = (ssl.SSLError, ConnectionError)
"""How it shows that a server does not want to: asyncio closes the line and says nothing. That these clients could have
come to terms is shown below."""

CLOSE = b"Connection: close\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n"
SECOND = b"GET /smuggled HTTP/1.1\r\nHost: hub\r\nConnection: close\r\n\r\n"


@contextmanager
def serving(app: FastAPI, folder: Path, **overrides: Any) -> Iterator[int]:
    """The application behind the real server; its port."""
    now, key = datetime.now(UTC), new_key()
    authority = pki.Authority.create("servers", now)
    pki.save(folder, "server", authority.issue_server([HOST], key, now), key)
    pki.save(folder, "ca", authority.certificate, authority.key)
    listen = Listen(host=HOST, port=0, certificate=folder / "server.pem", key=folder / "server.key")
    server = uvicorn.Server(uvicorn.Config(app, **options(listen) | overrides))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("served")


@pytest.fixture(scope="module")
def port(locked_api: Api, folder: Path) -> Iterator[int]:
    with serving(app_of(locked_api), folder, lifespan="off") as opened:
        yield opened


def app_of(api: Api) -> FastAPI:
    assert isinstance(api.client.app, FastAPI)
    return api.client.app


def client(folder: Path, ciphers: str = "ALL:@SECLEVEL=0") -> ssl.SSLContext:
    """Somebody who would take anything, as long as the certificate is right."""
    context = ssl.create_default_context(cafile=folder / "ca.pem")
    context.set_ciphers(ciphers)
    return context


@contextmanager
def line(port: int, context: ssl.SSLContext) -> Iterator[ssl.SSLSocket]:
    with socket.create_connection((HOST, port), 10) as raw, context.wrap_socket(raw, server_hostname=HOST) as opened:
        yield opened


def agreed(port: int, context: ssl.SSLContext) -> tuple[str | None, str]:
    """Version and cipher that a handshake comes to."""
    with line(port, context) as opened:
        cipher = opened.cipher()
        assert cipher is not None
        return opened.version(), cipher[0]


def answers(port: int, folder: Path, sent: bytes) -> list[bytes]:
    """The statuses of everything that the server says to some bytes before it hangs up."""
    heard = b""
    with line(port, client(folder)) as opened:
        opened.sendall(sent)
        while more := opened.recv(65_536):
            heard += more
    return re.findall(rb"HTTP/1\.1 (\d{3})", heard)


def test_the_newest_version_is_spoken_where_both_can(port: int, folder: Path) -> None:
    assert agreed(port, client(folder))[0] == "TLSv1.3"


@pytest.mark.parametrize("cipher", ["ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-CHACHA20-POLY1305"])
def test_the_version_before_is_spoken_with_ciphers_that_are_as_good(port: int, folder: Path, cipher: str) -> None:
    context = client(folder, cipher)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    assert agreed(port, context) == ("TLSv1.2", cipher)


def test_a_cipher_without_authentication_of_its_own_is_refused(port: int, folder: Path) -> None:
    context = client(folder, WEAK)
    context.maximum_version = ssl.TLSVersion.TLSv1_2

    with pytest.raises(HUNG_UP):
        agreed(port, context)


def old(folder: Path) -> ssl.SSLContext:
    context = client(folder)
    with pytest.deprecated_call():
        context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    return context


def test_an_old_version_is_refused(port: int, folder: Path) -> None:
    with pytest.raises(HUNG_UP):
        agreed(port, old(folder))


def test_both_come_to_terms_with_a_server_that_takes_anything(locked_api: Api, tmp_path: Path) -> None:
    def lax(_config: uvicorn.Config, made: Any) -> ssl.SSLContext:
        context: ssl.SSLContext = made()
        with pytest.deprecated_call():
            context.minimum_version = ssl.TLSVersion.TLSv1_1
        context.set_ciphers("ALL:@SECLEVEL=0")
        return context

    with serving(app_of(locked_api), tmp_path, lifespan="off", ssl_context_factory=lax) as port:
        context = client(tmp_path, WEAK)
        context.maximum_version = ssl.TLSVersion.TLSv1_2

        assert agreed(port, old(tmp_path))[0] == "TLSv1.1"
        assert agreed(port, context) == ("TLSv1.2", WEAK)


@pytest.mark.parametrize(
    ("head", "body"),
    [
        pytest.param(b"Content-Length: 5\r\n" + CHUNKED, b"0\r\n\r\n", id="a length, then chunks"),
        pytest.param(CHUNKED + b"Content-Length: 5\r\n", b"0\r\n\r\n", id="chunks, then a length"),
        pytest.param(b"Content-Length: 5\r\nContent-Length: 6\r\n", b"abcdef", id="two lengths"),
        pytest.param(b"Content-Length: 5\r\nContent-Length: 5\r\n", b"abcde", id="a length twice"),
        pytest.param(b"Content-Length: 5, 5\r\n", b"abcde", id="a list of lengths"),
        pytest.param(b"Content-Length: +5\r\n", b"abcde", id="a length with a sign"),
        pytest.param(b"Transfer-Encoding : chunked\r\n", b"0\r\n\r\n", id="a space before the colon"),
        pytest.param(b"Transfer-Encoding: xchunked\r\n", b"0\r\n\r\n", id="another coding"),
        pytest.param(b"Transfer-Encoding: chunked, identity\r\n", b"0\r\n\r\n", id="chunks not last"),
        pytest.param(CHUNKED + CHUNKED, b"0\r\n\r\n", id="chunks twice"),
        pytest.param(b"X: a\n" + CHUNKED, b"0\r\n\r\n", id="a bare LF in the head"),
        pytest.param(b"X: a\r" + CHUNKED, b"0\r\n\r\n", id="a bare CR in the head"),
        pytest.param(b"X: a\r\n " + CHUNKED, b"0\r\n\r\n", id="a folded line"),
        pytest.param(CHUNKED, b"1\nx\n0\n\n", id="a bare LF between chunks"),
        pytest.param(CHUNKED, b"1;a\nb\r\nx\r\n0\r\n\r\n", id="a bare LF in a chunk's extension"),
        pytest.param(CHUNKED, b"0x1\r\nx\r\n0\r\n\r\n", id="a chunk's size with a prefix"),
    ],
)
def test_what_can_be_divided_in_two_ways_is_refused_and_the_line_closed(
    port: int, folder: Path, head: bytes, body: bytes
) -> None:
    sent = b"POST /v1/sessions HTTP/1.1\r\nHost: hub\r\n" + head + b"\r\n" + body + SECOND

    assert answers(port, folder, sent) == [b"400"]


def test_a_head_whose_lines_end_in_lf_alone_is_refused(port: int, folder: Path) -> None:
    assert answers(port, folder, b"GET /health HTTP/1.1\nHost: hub\nConnection: close\n\n") == [b"400"]


def test_what_can_be_divided_in_one_way_is_served(port: int, folder: Path) -> None:
    first = b"POST /v1/sessions HTTP/1.1\r\nHost: hub\r\nContent-Length: 2\r\n\r\n{}"
    chunks = b"POST /v1/sessions HTTP/1.1\r\nHost: hub\r\n" + CHUNKED + CLOSE + b"\r\n2\r\n{}\r\n0\r\n\r\n"

    assert answers(port, folder, first + SECOND) == [b"422", b"404"]
    assert answers(port, folder, chunks) == [b"422"]
