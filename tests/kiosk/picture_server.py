"""A hub that only serves pictures: real HTTPS, with a certificate of a real authority."""

import datetime as dt
import ssl
import threading
from collections.abc import Callable
from contextlib import suppress
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from socket import socket
from typing import Any, Self

from provisioning import pki
from provisioning.keys import new_key
from provisioning.pki import Authority

HOST = "127.0.0.1"

Answer = Callable[[BaseHTTPRequestHandler], None]


class PictureServer:
    """Serves what `pictures` holds by name, and 404 for all else; `ca` is the authority behind its certificate.

    Where `answers` holds something for a name, that answers instead, once. `distrusted` is set when a client has hung
    up at the sight of the certificate. To be used in a `with` statement.
    """

    def __init__(self, folder: Path) -> None:
        now = dt.datetime.now(dt.UTC)
        authority, key = Authority.create("servers", now), new_key()
        pki.save(folder, "server", authority.issue_server([HOST], key, now), key)
        pki.save(folder, "servers", authority.certificate, authority.key)
        self.ca = folder / "servers.pem"
        self.pictures: dict[str, bytes] = {}
        self.answers: dict[str, Answer] = {}
        self.asked: list[str] = []
        self.distrusted = threading.Event()
        self._server = _QuietServer((HOST, 0), _handler(self))
        self._server.distrusted = self.distrusted
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(folder / "server.pem", folder / "server.key")
        self._server.socket = context.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"https://{HOST}:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def add(self, data: bytes) -> str:
        """Serve a picture; returns its name."""
        name = sha256(data).hexdigest()
        self.pictures[name] = data
        return name


class _QuietServer(ThreadingHTTPServer):
    distrusted: threading.Event

    def get_request(self) -> tuple[socket, Any]:
        try:
            return super().get_request()
        except OSError:
            self.distrusted.set()
            raise

    def handle_error(self, request: socket | tuple[bytes, socket], client_address: Any) -> None:
        """A client that has read enough hangs up."""


def _handler(server: PictureServer) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            name = self.path.removeprefix("/pictures/")
            server.asked.append(name)
            if (answer := server.answers.pop(name, None)) is not None:
                answer(self)
            elif name in server.pictures:
                self.send_response(200)
                self.end_headers()
                with suppress(OSError):
                    self.wfile.write(server.pictures[name])
            else:
                self.send_error(404)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name is the library's
            pass

    return Handler
