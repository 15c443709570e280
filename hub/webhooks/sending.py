"""One attempt to tell one endpoint: a signed POST to an address that was checked, without redirects, within limits.

Whoever sets up a webhook has the hub send requests wherever they say, so names are resolved here, every address of a
name is judged, and the connection goes to the very address that was judged: no second look-up can lead elsewhere.
"""

import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from urllib.parse import SplitResult, urlsplit

from hub.webhooks.rules import HTTPS, Guard, port_of

ANSWER_MAX_BYTES = 64 * 1024
"""So much of an answer is read, and thrown away."""

USER_AGENT = "membertap-webhooks/1"

Resolve = Callable[[str, int], Sequence[str]]
"""The addresses of a name."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """How an attempt went: the status of the answer, or why there was none."""

    status: int | None
    problem: str = ""

    @property
    def has_succeeded(self) -> bool:
        """Tell whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300


@dataclass(frozen=True, slots=True)
class Patience:
    """How long is waited for one sign of life, and for an attempt as a whole, however slowly its answer drips."""

    silence_s: float = 5.0
    attempt_s: float = 15.0


PATIENCE = Patience()


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a name, as this machine finds them."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class Sender:
    """Sends to where the guard lets it. `trust` says which certificates are believed."""

    def __init__(
        self,
        guard: Guard,
        *,
        find: Resolve = resolve,
        trust: ssl.SSLContext | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        self._guard = guard
        self._find = find
        self._trust = trust or ssl.create_default_context()
        self._patience = patience

    def send(self, url: str, body: bytes, headers: dict[str, str]) -> Attempt:
        """Send a message. Whatever goes wrong on the way is the answer."""
        parts = urlsplit(url)
        if not self._guard.admits(url):
            return Attempt(None, "address refused")
        try:
            addresses = self._find(parts.hostname or "", port_of(parts))
            if self._guard.refuses(parts, addresses):
                return Attempt(None, "address refused")
            return self._post(parts, addresses[0], body, headers)
        except ssl.SSLError:
            return Attempt(None, "certificate or TLS")
        except TimeoutError:
            return Attempt(None, "timeout")
        except socket.gaierror:
            return Attempt(None, "name unknown")
        except (OSError, HTTPException, ValueError):
            return Attempt(None, "connection")

    def _post(self, parts: SplitResult, address: str, body: bytes, headers: dict[str, str]) -> Attempt:
        line = _Line(socket.create_connection((address, port_of(parts)), self._patience.silence_s))
        alarm = threading.Timer(self._patience.attempt_s, line.cut)
        alarm.start()
        try:
            if parts.scheme == HTTPS:
                line.secure(self._trust, parts.hostname or "")
            connection = HTTPConnection(parts.hostname or "", port_of(parts))
            connection.sock = line.socket
            connection.request("POST", _target(parts), body, headers | {"Host": parts.netloc, "User-Agent": USER_AGENT})
            answer = connection.getresponse()
            answer.read(ANSWER_MAX_BYTES)
            # A line that is cut looks like an answer that has ended.
            return Attempt(None, "timeout") if line.is_cut else Attempt(answer.status)
        except (OSError, HTTPException) as error:
            if line.is_cut:
                raise TimeoutError from error
            raise
        finally:
            alarm.cancel()
            line.socket.close()


class _Line:
    """A connection that another thread may cut."""

    def __init__(self, opened: socket.socket) -> None:
        self.socket = opened
        self.is_cut = False

    def secure(self, trust: ssl.SSLContext, host: str) -> None:
        # The handshake waits for the other side, so the line must be known before: it may have to be cut.
        secured = trust.wrap_socket(self.socket, server_hostname=host, do_handshake_on_connect=False)
        self.socket = secured
        secured.do_handshake()

    def cut(self) -> None:
        self.is_cut = True
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)


def _target(parts: SplitResult) -> str:
    return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
