"""What the line does over a real broker is tested with the line itself; here is what the kiosk makes of it."""

import socket
from pathlib import Path
from queue import Queue

import pytest

from kiosk.happenings import Arrived, Happening, LineDown, LineUp
from kiosk.link.mqtt import LineListener, connect
from provisioning.mqtt import Delivery, Endpoint, Message

WAIT_S = 30


@pytest.fixture
def happenings() -> Queue[Happening]:
    return Queue()


def test_what_happens_on_the_line_becomes_happenings_in_their_order(happenings: Queue[Happening]) -> None:
    listener = LineListener(happenings.put)

    listener.connected()
    listener.delivered(Delivery("topic", b"payload", mid=7, qos=1))
    listener.disconnected("the cable")

    assert list(happenings.queue) == [LineUp(), Arrived("topic", b"payload"), LineDown("the cable")]


def test_a_refused_publication_does_not_change_anything(happenings: Queue[Happening]) -> None:
    LineListener(happenings.put).refused("not authorized")

    assert happenings.empty()


def test_a_line_without_its_files_or_a_broker_says_why_and_refuses_what_is_published(
    tmp_path: Path, happenings: Queue[Happening]
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        files = [tmp_path / name for name in ("ca.pem", "kiosk.pem", "kiosk.key")]
        line = connect("k-00000000000000000000000000", Endpoint(*nobody.getsockname(), *files), happenings.put, 41)

        line.start()
        down = happenings.get(timeout=WAIT_S)

        assert isinstance(down, LineDown)
        assert "FileNotFoundError" in down.reason
        assert line.connection >= 41
        assert not line.publish(Message("topic", b"payload"))
        line.stop()
