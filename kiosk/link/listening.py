"""Answers neighbours: a thread that listens, and one for each of the few connections that are open at a time.

Anybody on the store's network can connect. Until a certificate has told who it is, a connection waits on the doorstep,
where there is more room than one address may take, and not for long; what room there is inside is for neighbours alone.
"""

import queue
import socket
import ssl
import threading
from collections import Counter
from contextlib import suppress

import structlog

from kiosk.happenings import PassAsked
from kiosk.link import frames
from kiosk.link.frames import FrameError, Wait
from kiosk.link.peers import Credentials, Outside, holder, place
from protocol.passes import AskPass, PassAnswer
from protocol.values import Address

CONNECTIONS_MAX = 8
"""Most neighbours that are listened to at a time; whoever comes then is turned away at once."""

DOORSTEP_MAX = 64
"""Most connections of which it is not known yet whose they are."""

DOORSTEP_MAX_OF_ADDRESS = 16
"""Most of them from one network address; a neighbour has one at a time."""

HANDSHAKE_MAX_S = 0.7
"""How long a connection may stand on the doorstep; who asks waits no longer for its whole answer."""

SERVED_MAX_S = 3.0
"""How long one connection may take, from the first byte of its handshake to the last of the answer."""

LISTEN_AGAIN_S = 5.0
"""How often it is tried to listen where the network is not there yet."""

ACCEPT_S = 0.5
"""How soon a listener notices that it is stopped."""

log = structlog.get_logger()


class Doorstep:
    """Counts who has connected and has not told yet who it is, by network address."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._here: Counter[str] = Counter()

    def enter(self, host: str) -> bool:
        """Take one more, if there is room."""
        with self._lock:
            if self._here.total() >= DOORSTEP_MAX or self._here[host] >= DOORSTEP_MAX_OF_ADDRESS:
                return False
            self._here[host] += 1
            return True

    def leave(self, host: str) -> None:
        """One of these is inside, or gone."""
        with self._lock:
            self._here -= Counter((host,))


class Listener:
    """Listens at one address."""

    def __init__(
        self,
        address: Address,
        credentials: Credentials,
        outside: Outside,
        *,
        handshake_max_s: float = HANDSHAKE_MAX_S,
        served_max_s: float = SERVED_MAX_S,
    ) -> None:
        self._address = address
        self._outside = outside
        self._handshake_max_s = handshake_max_s
        self._served_max_s = served_max_s
        self._context = credentials.context(ssl.PROTOCOL_TLS_SERVER)
        # Nobody comes back to an earlier session, and a ticket nobody reads can cost the answer behind it.
        self._context.num_tickets = 0
        self._doorstep = Doorstep()
        self._free = threading.Semaphore(CONNECTIONS_MAX)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="neighbours", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread; connections end by themselves."""
        self._stopping.set()
        self._thread.join(ACCEPT_S * 2)

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                with self._listen() as listening:
                    self._accept(listening)
            except OSError as error:
                log.warning("neighbours cannot be listened to", address=self._address, reason=str(error))
                self._stopping.wait(LISTEN_AGAIN_S)

    def _listen(self) -> socket.socket:
        host, port = place(self._address)
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listening = socket.create_server((host, port), family=family, backlog=DOORSTEP_MAX)
        listening.settimeout(ACCEPT_S)
        return listening

    def _accept(self, listening: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, (host, *_) = listening.accept()
            except TimeoutError:
                continue
            if self._doorstep.enter(host):
                threading.Thread(target=self._serve, args=(connection, host), name="neighbour", daemon=True).start()
            else:
                connection.close()

    def _serve(self, raw: socket.socket, host: str) -> None:
        wait = self._outside.wait(self._served_max_s)
        try:
            with raw, self._greet(raw, host) as connection:
                self._let_in(connection, wait)
        except (OSError, queue.Empty) as error:
            log.info("a neighbour is cut off", reason=f"{type(error).__name__}: {error}")

    def _greet(self, raw: socket.socket, host: str) -> ssl.SSLSocket:
        try:
            raw.settimeout(self._handshake_max_s)
            return self._context.wrap_socket(raw, server_side=True)
        finally:
            self._doorstep.leave(host)

    def _let_in(self, connection: ssl.SSLSocket, wait: Wait) -> None:
        by = holder(connection).name
        if by not in self._outside.known():
            raise FrameError(f"{by} is no neighbour")
        if not self._free.acquire(blocking=False):
            raise FrameError(f"{by} is one too many")
        try:
            self._answer(connection, by, wait)
        finally:
            self._free.release()

    def _answer(self, connection: ssl.SSLSocket, by: str, wait: Wait) -> None:
        ask = frames.receive(connection, AskPass, wait)
        answers: queue.Queue[PassAnswer] = queue.Queue(1)

        def answer(given: PassAnswer) -> None:
            with suppress(queue.Full):
                answers.put_nowait(given)

        self._outside.put(PassAsked(by, ask, answer))
        frames.send(connection, answers.get(timeout=wait.left_s), wait)
