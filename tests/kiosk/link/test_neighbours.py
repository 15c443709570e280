"""Two kiosks over real TLS on loopback: who is listened to, and how soon whoever is not is cut off."""

import datetime as dt
import queue
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import pytest

from kiosk.happenings import NeighbourReport, NoteCame, NothingElsewhere, PassAsked
from kiosk.link import frames
from kiosk.link.asking import Asker
from kiosk.link.frames import Wait
from kiosk.link.listening import CONNECTIONS_MAX, Listener
from kiosk.link.neighbours import LocalNetwork
from kiosk.link.peers import Credentials, Outside
from kiosk.ports import Question
from kiosk.visit.redeeming import NEIGHBOURS_TIMEOUT_S
from protocol.limits import MESSAGE_MAX_BYTES
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


@pytest.fixture(scope="module")
def trust(tmp_path_factory: pytest.TempPathFactory) -> Trust:
    return Trust(tmp_path_factory.mktemp("pki"))


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
def giving(trust: Trust, answer: PassAnswer | None, *, file: str = GIVER, served_max_s: float = 3.0) -> Iterator[Giver]:
    """A giver that answers everything alike; None where it says nothing."""
    giver = Giver(free_address(), queue.Queue())

    def put(report: NeighbourReport) -> None:
        giver.came.put(report)
        if isinstance(report, PassAsked) and answer is not None:
            report.answer(answer)

    outside = Outside(put, lambda: {TAKER: "elsewhere:1"}, time.monotonic)
    listener = Listener(giver.address, trust.of(file), outside, served_max_s=served_max_s)
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


def test_a_note_comes_back_with_the_key_of_who_gave_it(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        report = ask(trust, giver)

        asked = giver.came.get_nowait()

    assert report == NoteCame(SPEND, GIVER, trust.keys[GIVER], ASK, NOTE)
    assert isinstance(asked, PassAsked)
    assert (asked.by, asked.ask) == (TAKER, ASK)


def test_the_next_one_is_asked_where_one_gives_nothing(trust: Trust) -> None:
    with giving(trust, PassAnswer(code="points.short")) as first, giving(trust, PassAnswer(note=NOTE)) as second:
        report = ask(trust, first, second)

        assert first.came.qsize() == 1

    assert isinstance(report, NoteCame)


def test_nothing_is_said_as_soon_as_nobody_gives(trust: Trust) -> None:
    with giving(trust, PassAnswer(code="points.short")) as giver:
        assert ask(trust, giver) == NothingElsewhere(SPEND)


def test_who_does_not_answer_is_asked_the_same_again(trust: Trust) -> None:
    with giving(trust, None, served_max_s=SHORT_S) as giver:
        report = ask(trust, giver)

        notes = [giver.came.get_nowait() for _ in range(giver.came.qsize())]

    assert report == NothingElsewhere(SPEND)
    assert len(notes) > 1
    assert {asked.ask.note for asked in notes if isinstance(asked, PassAsked)} == {ASK.note}


def test_who_was_silent_is_asked_last_until_it_answers(trust: Trust) -> None:
    came: queue.Queue[NeighbourReport] = queue.Queue()
    asker = Asker(trust.of(TAKER), Outside(came.put, dict, time.monotonic), patience_s=PATIENCE_S)
    with giving(trust, None, file=STRANGER) as silent, giving(trust, PassAnswer(NOTE)) as giver:
        questions = [Question(STRANGER, silent.address, ASK), Question(GIVER, giver.address, ASK)]
        asker.start()
        try:
            for _ in range(3):
                asker.ask(SPEND, questions)
                assert isinstance(came.get(timeout=PATIENCE_S), NoteCame)
        finally:
            asker.stop()

    assert (silent.came.qsize(), giver.came.qsize()) == (1, 3)


@pytest.mark.parametrize("address", ["a..b:7443", f"{'a' * 64}:7443", f"{HOST}:70000", "nowhere"])
def test_an_address_that_cannot_be_called_keeps_nobody_from_the_others(trust: Trust, address: str) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        report = ask(trust, Giver(address, queue.Queue()), giver, patience_s=PATIENCE_S)

    assert isinstance(report, NoteCame)


def test_a_broken_errand_finds_nothing_and_the_next_is_run(trust: Trust) -> None:
    came: queue.Queue[NeighbourReport] = queue.Queue()
    asker = Asker(trust.of(TAKER), Outside(came.put, dict, time.monotonic), patience_s=PATIENCE_S)
    broken = Question(STRANGER, None, ASK)  # type: ignore[arg-type]
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        asker.start()
        try:
            asker.ask(SPEND, [broken])
            first = came.get(timeout=PATIENCE_S)
            asker.ask(SPEND, [Question(GIVER, giver.address, ASK)])
            second = came.get(timeout=PATIENCE_S)
        finally:
            asker.stop()

    assert first == NothingElsewhere(SPEND)
    assert isinstance(second, NoteCame)


def test_nobody_at_all_is_nothing(trust: Trust) -> None:
    assert ask_in_vain(trust, Giver(free_address(), queue.Queue())) == NothingElsewhere(SPEND)


def test_a_network_asks_and_answers(trust: Trust) -> None:
    came: queue.Queue[NeighbourReport] = queue.Queue()
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        network = LocalNetwork(free_address(), trust.of(TAKER), Outside(came.put, dict, time.monotonic))
        network.start()
        listen_until_it_answers(network.address or "")

        network.ask(SPEND, [Question(GIVER, giver.address, ASK)])

        report = came.get(timeout=PATIENCE_S)
        network.stop()
    assert isinstance(report, NoteCame)


def test_a_device_of_this_chain_that_is_no_neighbour_is_refused(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        report = ask_in_vain(trust, giver, STRANGER)

        assert giver.came.empty()

    assert report == NothingElsewhere(SPEND)


@pytest.mark.parametrize("issuer", ["servers", "others"])
def test_a_certificate_of_another_authority_is_refused(trust: Trust, issuer: str) -> None:
    trust.issue("forged", TAKER, getattr(trust, issuer))
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        report = ask_in_vain(trust, giver, "forged")

        assert giver.came.empty()

    assert report == NothingElsewhere(SPEND)


@pytest.mark.parametrize("issuer", ["servers", "others"])
def test_a_giver_with_a_certificate_of_another_authority_is_told_nothing(trust: Trust, issuer: str) -> None:
    trust.issue("false", GIVER, getattr(trust, issuer))
    with giving(trust, PassAnswer(note=NOTE), file="false") as giver:
        report = ask_in_vain(trust, giver)

        assert giver.came.empty()

    assert report == NothingElsewhere(SPEND)


def test_a_giver_under_another_name_than_it_was_asked_by_is_told_nothing(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE), file=STRANGER) as giver:
        report = ask_in_vain(trust, giver)

        assert giver.came.empty()

    assert report == NothingElsewhere(SPEND)


def test_the_hubs_own_certificate_gives_nothing(trust: Trust) -> None:
    key = keys.new_key()
    pki.save(trust.folder, "client", trust.devices.issue_client(GIVER, key, trust.now), key)
    with giving(trust, PassAnswer(note=NOTE), file="client") as giver:
        assert ask_in_vain(trust, giver) == NothingElsewhere(SPEND)


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


RUBBISH: dict[str, bytes] = {
    "no message": (5).to_bytes(4, "big") + b"hello",
    "another message": (2).to_bytes(4, "big") + b"{}",
    "too long": (MESSAGE_MAX_BYTES + 1).to_bytes(4, "big"),
    "an end of the world": b"\xff" * 4,
}


@pytest.mark.parametrize("said", RUBBISH)
def test_rubbish_is_cut_off(trust: Trust, said: str) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver, connected(trust, giver) as connection:
        connection.sendall(RUBBISH[said])

        assert is_cut_off(connection)
        assert giver.came.empty()


def test_plain_words_are_cut_off(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver, socket.create_connection(giver.place) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\n\r\n")
        connection.shutdown(socket.SHUT_WR)

        until = time.monotonic() + PATIENCE_S
        with suppress(OSError):
            while connection.recv(1_000) and time.monotonic() < until:
                pass
        assert ask(trust, giver) == NoteCame(SPEND, GIVER, trust.keys[GIVER], ASK, NOTE)


def silent(_connection: socket.socket) -> None:
    """Say nothing."""


def half(connection: socket.socket) -> None:
    connection.sendall((100).to_bytes(4, "big") + b"{")


@pytest.mark.parametrize("say", [silent, half])
def test_who_says_nothing_more_is_cut_off(trust: Trust, say: Callable[[socket.socket], None]) -> None:
    with (
        giving(trust, PassAnswer(note=NOTE), served_max_s=SHORT_S) as giver,
        connected(trust, giver) as connection,
    ):
        say(connection)

        assert is_cut_off(connection)


def test_who_never_begins_a_handshake_is_cut_off(trust: Trust) -> None:
    with giving(trust, None, served_max_s=SHORT_S) as giver, socket.create_connection(giver.place) as connection:
        assert is_cut_off(connection)


def test_only_so_many_are_listened_to_and_then_others_again(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE), served_max_s=1.0) as giver:
        idle = [socket.create_connection(giver.place) for _ in range(CONNECTIONS_MAX + 4)]

        assert all(is_cut_off(connection) for connection in idle)
        report = ask(trust, giver)
        for connection in idle:
            connection.close()

    assert isinstance(report, NoteCame)


def test_an_answer_that_comes_twice_or_too_late_hurts_nobody(trust: Trust) -> None:
    with giving(trust, PassAnswer(note=NOTE)) as giver:
        ask(trust, giver)
        asked = giver.came.get_nowait()

        assert isinstance(asked, PassAsked)
        asked.answer(PassAnswer(note=NOTE))
        asked.answer(PassAnswer(note=NOTE))


def test_a_slow_byte_at_a_time_does_not_hold_a_reader_beyond_its_time() -> None:
    now = iter([0.0, 4.9, 5.1])
    here, there = socket.socketpair()
    with here, there:
        there.sendall((50).to_bytes(4, "big") + b"x" * 10)

        with pytest.raises(TimeoutError):
            frames.receive(here, PassAnswer, Wait(5.0, now.__next__))


def test_what_breaks_off_is_no_message() -> None:
    here, there = socket.socketpair()
    with here:
        there.sendall((50).to_bytes(4, "big") + b"{}")
        there.close()

        with pytest.raises(frames.FrameError):
            frames.receive(here, PassAnswer, Wait(5.0, lambda: 0.0))
