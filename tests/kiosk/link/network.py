"""Two kiosks over real TLS on loopback."""

import datetime as dt
import queue
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from kiosk.happenings import NeighbourReport, PassAsked
from kiosk.link.asking import Asker
from kiosk.link.listening import Listener
from kiosk.link.peers import Credentials, Outside
from kiosk.ports import Question
from kiosk.visit.redeeming import NEIGHBOURS_TIMEOUT_S
from protocol.passes import AskPass, PassAnswer
from provisioning import keys, pki
from provisioning.pki import Authority
from tests.kiosk.builders import LIN, SPEND, make_reading

HOST = "127.0.0.1"
GIVER, TAKER, STRANGER = "k-giver", "k-taker", "k-stranger"
ASK = AskPass(note=UUID(int=7), epoch=UUID(int=8), member=LIN, points=600, card=make_reading(3))
NOTE = "membertap:pass:e30.MEU"
PATIENCE_S = 20.0
SHORT_S = 0.4


class Trust:
    """The devices' authority, the servers' and somebody else's, and what they have issued."""

    def __init__(self, folder: Path) -> None:
        self.now = dt.datetime.now(dt.UTC)
        self.folder = folder
        self.devices = Authority.create("devices", self.now)
        self.servers = Authority.create("servers", self.now)
        self.others = Authority.create("devices", self.now)
        pki.save(folder, "devices", self.devices.certificate, self.devices.key)
        pki.save(folder, "others", self.others.certificate, self.others.key)
        self.keys = {name: self.issue(name, name) for name in (GIVER, TAKER, STRANGER)}

    def issue(self, file: str, name: str, issuer: Authority | None = None) -> bytes:
        key = keys.new_key()
        pki.save(self.folder, file, (issuer or self.devices).issue_device(name, key, self.now), key)
        return keys.public_der(key)

    def of(self, file: str, ca: str = "devices") -> Credentials:
        return Credentials(*(self.folder / name for name in (f"{ca}.pem", f"{file}.pem", f"{file}.key")))


@dataclass
class Giver:
    """A kiosk that answers at an address, and what came in there."""

    address: str
    came: "queue.Queue[NeighbourReport]"

    @property
    def place(self) -> tuple[str, int]:
        return HOST, int(self.address.rpartition(":")[2])


def free_address() -> str:
    with socket.socket() as nobody:
        nobody.bind((HOST, 0))
        return f"{HOST}:{nobody.getsockname()[1]}"


def listen_until_it_answers(address: str) -> None:
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        with suppress(OSError):
            socket.create_connection((HOST, int(address.rpartition(":")[2])), timeout=1).close()
            return
    raise AssertionError("nobody listens")


@contextmanager
def giving(
    trust: Trust,
    answer: PassAnswer | None,
    *,
    file: str = GIVER,
    handshake_max_s: float = PATIENCE_S,
    served_max_s: float = 3.0,
) -> Iterator[Giver]:
    """A giver that answers everything alike; None where it says nothing."""
    giver = Giver(free_address(), queue.Queue())

    def put(report: NeighbourReport) -> None:
        giver.came.put(report)
        if isinstance(report, PassAsked) and answer is not None:
            report.answer(answer)

    outside = Outside(put, lambda: {TAKER: "elsewhere:1"}, time.monotonic)
    limits = {"handshake_max_s": handshake_max_s, "served_max_s": served_max_s}
    listener = Listener(giver.address, trust.of(file), outside, **limits)
    listener.start()
    try:
        listen_until_it_answers(giver.address)
        yield giver
    finally:
        listener.stop()


def ask(trust: Trust, *givers: Giver, file: str = TAKER, patience_s: float = NEIGHBOURS_TIMEOUT_S) -> NeighbourReport:
    """Ask givers, all under the giver's name, and wait for what comes of it."""
    came: queue.Queue[NeighbourReport] = queue.Queue()
    asker = Asker(trust.of(file), Outside(came.put, dict, time.monotonic), patience_s=patience_s)
    asker.start()
    try:
        asker.ask(SPEND, [Question(GIVER, giver.address, ASK) for giver in givers])
        return came.get(timeout=PATIENCE_S)
    finally:
        asker.stop()


def ask_in_vain(trust: Trust, giver: Giver, file: str = TAKER) -> NeighbourReport:
    """Ask somebody who will never answer, with little patience."""
    return ask(trust, giver, file=file, patience_s=SHORT_S)


def connected(trust: Trust, giver: Giver) -> ssl.SSLSocket:
    raw = socket.create_connection(giver.place, timeout=PATIENCE_S)
    return trust.of(TAKER).context(ssl.PROTOCOL_TLS_CLIENT).wrap_socket(raw)


def is_cut_off(connection: socket.socket) -> bool:
    """Tell whether the other side ends it without a word."""
    connection.settimeout(PATIENCE_S)
    try:
        return connection.recv(1) == b""
    except TimeoutError:
        return False
    except OSError:
        return True
