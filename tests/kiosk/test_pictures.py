import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from pathlib import Path

import pytest

from kiosk.pictures import PICTURE_MAX_BYTES, WAITING_MAX, Pictures
from tests.kiosk.picture_server import Answer, PictureServer

WAIT_S = 30
SOON_S = 0.01
NEVER_S = 3600
LATTE, TOTE = b"a picture of a latte", b"a picture of a tote"

Start = Callable[..., Pictures]


class Arrivals:
    """Counts the pictures that have come."""

    def __init__(self) -> None:
        self._came = threading.Semaphore(0)

    def __call__(self) -> None:
        self._came.release()

    def wait(self, count: int = 1) -> bool:
        return all(self._came.acquire(timeout=WAIT_S) for _ in range(count))


def _fail(handler: BaseHTTPRequestHandler) -> None:
    handler.send_error(503)


def _hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.close()


def _break_off(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"only a part")


def _babble(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"this is not HTTP\r\n\r\n")


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[PictureServer]:
    folder = tmp_path / "hub"
    folder.mkdir()
    with PictureServer(folder) as server:
        yield server


@pytest.fixture
def arrivals() -> Arrivals:
    return Arrivals()


@pytest.fixture
def start(tmp_path: Path, hub: PictureServer, arrivals: Arrivals) -> Iterator[Start]:
    with ExitStack() as running:

        def begin(retry_s: float = SOON_S, ca: Path = hub.ca) -> Pictures:
            pictures = Pictures(tmp_path / "pictures", hub.url, ca, arrivals, retry_s=retry_s)
            pictures.start()
            running.callback(pictures.stop)
            return pictures

        yield begin


def test_a_picture_comes_after_it_was_asked_for(hub: PictureServer, start: Start, arrivals: Arrivals) -> None:
    name, pictures = hub.add(LATTE), start()

    assert pictures.path(name) is None
    assert arrivals.wait()

    path = pictures.path(name)
    assert path is not None
    assert path.read_bytes() == LATTE
    assert path.suffix == ".png"


def test_a_picture_is_fetched_once(hub: PictureServer, start: Start, arrivals: Arrivals) -> None:
    latte, tote, pictures = hub.add(LATTE), hub.add(TOTE), start()

    for _ in range(10):
        pictures.path(latte)
    assert arrivals.wait()
    for _ in range(10):
        pictures.path(latte)
    pictures.path(tote)
    assert arrivals.wait()

    assert hub.asked == [latte, tote]


def test_what_lies_here_already_is_not_fetched_after_a_restart(
    hub: PictureServer, start: Start, arrivals: Arrivals
) -> None:
    name, before = hub.add(LATTE), start()
    before.path(name)
    assert arrivals.wait()
    before.stop()

    after = start()

    assert after.path(name) == before.path(name)
    assert hub.asked == [name]


def test_a_picture_that_is_not_what_its_name_says_is_refused(
    tmp_path: Path, hub: PictureServer, start: Start, arrivals: Arrivals
) -> None:
    forged, genuine, pictures = sha256(TOTE).hexdigest(), hub.add(LATTE), start()
    hub.pictures[forged] = b"something else"

    pictures.path(forged)
    pictures.path(genuine)
    assert arrivals.wait()

    assert pictures.path(forged) is None
    assert [path.stem for path in (tmp_path / "pictures").iterdir()] == [genuine]


def test_a_forged_picture_is_not_fetched_again_and_again(hub: PictureServer, start: Start, arrivals: Arrivals) -> None:
    forged, pictures = sha256(TOTE).hexdigest(), start()
    hub.pictures[forged] = b"something else"

    pictures.path(forged)
    for number in range(5):
        pictures.path(hub.add(b"%d" % number))
        pictures.path(forged)
    assert arrivals.wait(5)

    assert hub.asked.count(forged) == 1


def test_a_picture_may_be_as_large_as_the_limit_and_no_larger(
    hub: PictureServer, start: Start, arrivals: Arrivals
) -> None:
    whole, large, pictures = hub.add(bytes(PICTURE_MAX_BYTES)), hub.add(bytes(PICTURE_MAX_BYTES + 1)), start()

    pictures.path(large)
    pictures.path(whole)
    assert arrivals.wait()

    assert pictures.path(large) is None
    assert pictures.path(whole) is not None


def test_a_server_of_another_authority_is_not_trusted(tmp_path: Path, hub: PictureServer, start: Start) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    with PictureServer(elsewhere) as other:
        pictures = start(NEVER_S, other.ca)
    name = hub.add(LATTE)

    pictures.path(name)
    assert hub.distrusted.wait(WAIT_S)
    pictures.stop()

    assert hub.asked == []
    assert list((tmp_path / "pictures").iterdir()) == []


def test_a_failure_is_made_good_later(hub: PictureServer, start: Start, arrivals: Arrivals) -> None:
    name, pictures = hub.add(LATTE), start()
    hub.answers[name] = _fail

    pictures.path(name)
    assert arrivals.wait()

    assert hub.asked == [name, name]
    assert pictures.path(name) is not None


@pytest.mark.parametrize("broken", [_hang_up, _break_off, _babble])
def test_a_broken_answer_is_made_good_later(
    hub: PictureServer, start: Start, arrivals: Arrivals, broken: Answer
) -> None:
    name, pictures = hub.add(LATTE), start()
    hub.answers[name] = broken

    pictures.path(name)

    assert arrivals.wait()
    assert pictures.path(name) is not None


def test_a_disk_that_takes_nothing_is_no_end_of_it(
    tmp_path: Path, hub: PictureServer, start: Start, arrivals: Arrivals
) -> None:
    latte, tote, pictures = hub.add(LATTE), hub.add(TOTE), start()
    in_the_way = tmp_path / "pictures" / f"{latte}.draft"
    in_the_way.mkdir()

    pictures.path(latte)
    pictures.path(tote)
    assert arrivals.wait()
    in_the_way.rmdir()

    assert arrivals.wait()
    assert pictures.path(latte) is not None


def test_one_missing_picture_does_not_hold_up_the_others(hub: PictureServer, start: Start, arrivals: Arrivals) -> None:
    missing, pictures = sha256(b"withdrawn").hexdigest(), start(NEVER_S)
    pictures.path(missing)

    others = [hub.add(b"%d" % number) for number in range(5)]
    for name in others:
        pictures.path(name)

    assert arrivals.wait(5)
    assert all(pictures.path(name) for name in others)
    assert hub.asked.count(missing) == 1


def test_a_missing_picture_that_the_hub_gets_later_comes(hub: PictureServer, start: Start, arrivals: Arrivals) -> None:
    name, pictures = sha256(LATTE).hexdigest(), start()
    refused = threading.Event()

    def refuse(handler: BaseHTTPRequestHandler) -> None:
        handler.send_error(404)
        refused.set()

    hub.answers[name] = refuse
    pictures.path(name)
    assert refused.wait(WAIT_S)
    hub.add(LATTE)

    assert arrivals.wait()
    assert pictures.path(name) is not None


def test_stopping_does_not_wait_for_the_next_try(hub: PictureServer, start: Start, arrivals: Arrivals) -> None:
    pictures = start(NEVER_S)
    pictures.path(sha256(b"withdrawn").hexdigest())
    pictures.path(hub.add(LATTE))
    assert arrivals.wait()

    pictures.stop()

    assert "pictures" not in {thread.name for thread in threading.enumerate()}


def test_more_wishes_than_fit_do_not_hold_up_the_screen(tmp_path: Path, hub: PictureServer, arrivals: Arrivals) -> None:
    pictures = Pictures(tmp_path / "pictures", hub.url, hub.ca, arrivals)

    paths = [pictures.path(f"{number:064x}") for number in range(WAITING_MAX + 1)]

    assert paths == [None] * (WAITING_MAX + 1)
