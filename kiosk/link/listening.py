"""Answers neighbours: a thread that listens, and one for each of the few connections that are open at a time."""

import queue
import socket
import ssl
import threading
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

SERVED_MAX_S = 3.0
"""How long one connection may take, from the first byte of its handshake to the last of the answer."""

LISTEN_AGAIN_S = 5.0
"""How often it is tried to listen where the network is not there yet."""

ACCEPT_S = 0.5
"""How soon a listener notices that it is stopped."""

log = structlog.get_logger()


class Listener:
    """Listens at one address."""

    def __init__(
        self, address: Address, credentials: Credentials, outside: Outside, *, served_max_s: float = SERVED_MAX_S
    ) -> None:
        self._address = address
        self._outside = outside
        self._served_max_s = served_max_s
        self._context = credentials.context(ssl.PROTOCOL_TLS_SERVER)
        # Nobody comes back to an earlier session, and a ticket nobody reads can cost the answer behind it.
        self._context.num_tickets = 0
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
        listening = socket.create_server((host, port), family=family, backlog=CONNECTIONS_MAX)
        listening.settimeout(ACCEPT_S)
        return listening

    def _accept(self, listening: socket.socket) -> None:
        while not self._stopping.is_set():
            try:
                connection, _ = listening.accept()
            except TimeoutError:
                continue
            if self._free.acquire(blocking=False):
                threading.Thread(target=self._serve, args=(connection,), name="neighbour", daemon=True).start()
            else:
                connection.close()

    def _serve(self, raw: socket.socket) -> None:
        wait = self._outside.wait(self._served_max_s)
        try:
            with raw:
                raw.settimeout(wait.left_s)
                with self._context.wrap_socket(raw, server_side=True) as connection:
                    self._answer(connection, wait)
        except (OSError, queue.Empty) as error:
            log.info("a neighbour is cut off", reason=f"{type(error).__name__}: {error}")
        finally:
            self._free.release()

    def _answer(self, connection: ssl.SSLSocket, wait: Wait) -> None:
        by = holder(connection).name
        if by not in self._outside.known():
            raise FrameError(f"{by} is no neighbour")
        ask = frames.receive(connection, AskPass, wait)
        answers: queue.Queue[PassAnswer] = queue.Queue(1)

        def answer(given: PassAnswer) -> None:
            with suppress(queue.Full):
                answers.put_nowait(given)

        self._outside.put(PassAsked(by, ask, answer))
        frames.send(connection, answers.get(timeout=wait.left_s), wait)
