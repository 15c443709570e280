"""A kiosk on a real X display, touched as a mouse touches it."""

import os
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from provisioning.box import running
from provisioning.box.running import KIOSK
from provisioning.box.screen import Screen
from provisioning.box.waiting import BoxError, until
from provisioning.supervisor import Program
from tests.journeys.store import SETTLE_S, StoreOfTests

pytestmark = pytest.mark.timeout(180)

WIDTH, HEIGHT = 1280, 800
ENGLISH = (1165, 50)
"""Where the key with the other language is drawn."""

TRIES = 3
"""On a busy machine a click may fall into the moment in which the window takes its size; people touch again."""


@pytest.fixture
def display() -> Iterator[str]:
    """An X server with one screen of the kiosk's size."""
    reading, writing = os.pipe()
    command = ["Xvfb", "-displayfd", str(writing), "-screen", "0", f"{WIDTH}x{HEIGHT}x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, pass_fds=[writing], stderr=subprocess.DEVNULL) as server:
        os.close(writing)
        with os.fdopen(reading) as told:
            number = told.readline().strip()
        yield f":{number}"
        server.terminate()


def click(display: str, x: int, y: int) -> None:
    """Move the pointer and press its first button."""
    subprocess.run(
        ["xdotool", "mousemove", str(x), str(y), "click", "1"], check=True, env={**os.environ, "DISPLAY": display}
    )


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_window_opens_on_a_display_and_answers_the_pointer(
    store: StoreOfTests, display: str, tmp_path: Path
) -> None:
    options = ("--size", f"{WIDTH}x{HEIGHT}", "--remote", str(store.box.remote))
    command = running.kiosk_command(store.box, *options)
    environment = {**os.environ, "DISPLAY": display}
    store.supervisor.start(Program(KIOSK, command, environment, str(store.box.logs / "window.log")))
    until(store.box.remote.exists, "the kiosk", SETTLE_S)
    with Screen(store.box.remote) as screen:
        screen.wait("attract")
        until(lambda: "language:en" in screen.look()["targets"], "the hub's configuration", SETTLE_S)

        for _ in range(TRIES):
            click(display, *ENGLISH)
            with suppress(BoxError):
                until(lambda: "language:zh" in screen.look()["targets"], "the other language")
                break

        assert "Tap your member card" in screen.look()["texts"]
        screen.shoot(tmp_path / "window.png")
    assert (tmp_path / "window.png").read_bytes().startswith(b"\x89PNG")
    store.kill_kiosk()
