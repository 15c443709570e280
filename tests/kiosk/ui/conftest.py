"""Opens Kivy's one window of this process offscreen, and hands out stages in it of any size.

The window is made larger than any stage: an offscreen surface can be drawn on in part, but never grows.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import pytest

from kiosk.ui.options import WindowOptions, prepare

prepare(WindowOptions(1920, 1920, offscreen=True))

from kivy.base import EventLoop  # noqa: E402 - the same
from kivy.core.window import Window  # noqa: E402 - the same
from kivy.graphics.opengl import GL_RGB, GL_UNSIGNED_BYTE, glFinish, glReadPixels  # noqa: E402 - the same
from kivy.uix.widget import Widget  # noqa: E402 - the same

from kiosk.ui.display import fit_display  # noqa: E402 - Kivy may be imported only after it was prepared
from kiosk.ui.fonts import register_fonts  # noqa: E402 - the same
from kiosk.ui.rehearsal import Rehearsal  # noqa: E402 - the same
from kiosk.ui.stage import load_layouts  # noqa: E402 - the same
from kiosk.visit.intents import Intent  # noqa: E402 - the same

LANDSCAPE = (1280, 800)

OpenRehearsal = Callable[..., Rehearsal]
Step = Callable[..., None]
Place = Callable[[Widget], None]


@dataclass(frozen=True, slots=True)
class Pixels:
    """What the window shows, counted from its lower left corner."""

    width: int
    data: bytes

    def at(self, x: float, y: float) -> tuple[int, ...]:
        """Red, green and blue of one pixel."""
        start = (int(y) * self.width + int(x)) * 3
        return tuple(self.data[start : start + 3])


class Studio:
    """The one stage in the window. Building one takes half a second, so the next test of the same size gets it too."""

    def __init__(self) -> None:
        self.intents: list[Intent] = []
        self._size: tuple[int, int] | None = None
        self._rehearsal: Rehearsal | None = None

    def open(self, size: tuple[int, int] = LANDSCAPE) -> Rehearsal:
        if self._rehearsal is None or size != self._size:
            self.close()
            Window.size = self._size = size
            self._rehearsal = Rehearsal(self.intents.append)
        return self._rehearsal

    def tidy(self) -> None:
        """Leave nothing of this test for the next one."""
        self.intents.clear()
        if self._rehearsal is not None:
            self._rehearsal.stage.wipe()

    def close(self) -> None:
        if self._rehearsal is not None:
            self._rehearsal.close()
            self._rehearsal = None


@pytest.fixture(scope="session")
def window_studio() -> Iterator[Studio]:
    opened = Studio()
    yield opened
    opened.close()


@pytest.fixture
def studio(window_studio: Studio) -> Iterator[Studio]:
    yield window_studio
    window_studio.tidy()


@pytest.fixture
def intents(studio: Studio) -> list[Intent]:
    """What the stage reported."""
    return studio.intents


@pytest.fixture
def open_rehearsal(studio: Studio) -> OpenRehearsal:
    """Open a stage of a size in pixels."""
    return studio.open


@pytest.fixture
def rehearsal(studio: Studio) -> Rehearsal:
    """A landscape stage."""
    return studio.open()


@pytest.fixture
def step(studio: Studio) -> Step:
    """Draw so many frames of a window without a stage."""
    studio.close()
    Window.size = LANDSCAPE
    EventLoop.status = "started"
    register_fonts()
    fit_display()
    load_layouts()

    def draw(frames: int = 1) -> None:
        for _ in range(frames):
            EventLoop.idle()

    return draw


@pytest.fixture
def place(step: Step) -> Iterator[Place]:
    """Put a widget of one's own on the window and let it be laid out."""
    placed: list[Widget] = []

    def put(widget: Widget) -> None:
        placed.append(widget)
        Window.add_widget(widget)
        step()

    yield put
    for widget in placed:
        Window.remove_widget(widget)


@pytest.fixture
def read_pixels() -> Callable[[], Pixels]:
    """Draw the window once more and read it before it is flipped away."""

    def read() -> Pixels:
        Window.dispatch("on_draw")
        glFinish()
        width, height = Window.size
        return Pixels(width, bytes(glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE)))

    return read
