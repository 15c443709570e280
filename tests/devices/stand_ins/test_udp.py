import errno
import os
import socket
import time
from collections.abc import Iterator
from contextlib import closing
from threading import Event

import pytest

from devices.stand_ins.field import Field
from devices.stand_ins.udp import UdpAntenna
from tests.devices.builders import make_static_card

WAIT_S = 10.0


class SlowCard:
    """Gives back what it hears, once it may."""

    uid = b"none"

    def __init__(self) -> None:
        self.was_asked = Event()
        self.may_answer = Event()

    def power_off(self) -> None:
        pass

    def receive(self, frame: bytes) -> bytes:
        self.was_asked.set()
        assert self.may_answer.wait(WAIT_S)
        return frame


class FullDiskCard:
    """A card whose counter cannot be written."""

    uid = b"none"

    def __init__(self) -> None:
        self.was_asked = Event()

    def power_off(self) -> None:
        pass

    def receive(self, _: bytes) -> bytes | None:
        self.was_asked.set()
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


class Clock:
    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def antenna(field: Field, clock: Clock) -> Iterator[UdpAntenna]:
    with UdpAntenna(field, now_s=clock) as antenna:
        yield antenna


@pytest.fixture
def line(antenna: UdpAntenna) -> Iterator[socket.socket]:
    with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as line:
        line.connect(("127.0.0.1", antenna.port))
        line.settimeout(WAIT_S)
        yield line


def test_a_card_that_lies_there_answers_the_reader(field: Field, line: socket.socket) -> None:
    field.place(make_static_card())

    line.send(b"106A 26")

    assert line.recv(64) == b"106A 4400"


def test_a_reader_that_waits_sees_the_card_when_it_comes(
    field: Field, antenna: UdpAntenna, line: socket.socket
) -> None:
    line.send(b"106A 26")
    while antenna._waiting is None:
        time.sleep(0.001)

    field.place(make_static_card())

    assert line.recv(64) == b"106A 4400"


@pytest.mark.parametrize(
    "rubbish", [b"", b"106A", b"106A ", b"106A 2", b"106A zz", b"106B 26", b"212F 06", b"\xff" * 900, b"GET / HTTP/1.1"]
)
def test_rubbish_is_not_answered_and_does_no_harm(field: Field, line: socket.socket, rubbish: bytes) -> None:
    field.place(make_static_card())

    line.send(rubbish)
    line.send(b"106A 26")

    assert line.recv(64) == b"106A 4400"


def test_looking_again_finds_a_card_that_was_being_read(field: Field, line: socket.socket) -> None:
    field.place(make_static_card())

    for _ in range(2):
        line.send(b"106A 26")
        assert line.recv(64) == b"106A 4400"
        line.send(b"106A 9320")
        assert line.recv(64) == b"106A 88041122bf"


def test_a_reader_that_drops_its_field_resets_the_card(field: Field, line: socket.socket) -> None:
    field.place(make_static_card())
    line.send(b"106A 26")
    line.recv(64)

    line.send(b"RFOFF")
    line.send(b"106A 9320")
    line.send(b"106A 26")

    assert line.recv(64) == b"106A 4400"


def test_the_antenna_knows_for_how_long_no_reader_was_heard(
    field: Field, antenna: UdpAntenna, line: socket.socket, clock: Clock
) -> None:
    before = antenna.idle_s
    field.place(make_static_card())
    line.send(b"106A 26")
    line.recv(64)

    clock.now_s += 2.5

    assert before is None
    assert antenna.idle_s == 2.5


def test_a_frame_repeated_while_the_card_is_busy_has_no_second_answer(field: Field, line: socket.socket) -> None:
    card = SlowCard()
    field.place(card)

    line.send(b"106A 01")
    assert card.was_asked.wait(WAIT_S)
    line.send(b"106A 02")
    line.send(b"106A 02")
    card.may_answer.set()
    first = line.recv(64)
    line.send(b"106A 03")

    assert (first, line.recv(64)) == (b"106A 01", b"106A 03")


def test_a_card_that_cannot_keep_its_counter_is_silent_and_the_antenna_goes_on(
    field: Field, line: socket.socket, capsys: pytest.CaptureFixture[str]
) -> None:
    card = FullDiskCard()
    field.place(card)
    line.send(b"106A 26")
    assert card.was_asked.wait(WAIT_S)

    field.place(make_static_card())
    line.send(b"106A 26")

    assert line.recv(64) == b"106A 4400"
    assert "No space left" in capsys.readouterr().out


def test_only_this_machine_is_served(antenna: UdpAntenna) -> None:
    assert antenna._socket.getsockname()[0] == "127.0.0.1"
    assert antenna.path == f"udp:127.0.0.1:{antenna.port}"


def test_a_port_that_is_taken_is_an_error(antenna: UdpAntenna) -> None:
    with pytest.raises(OSError, match="in use"), UdpAntenna(Field(), port=antenna.port, now_s=time.monotonic):
        pass
