"""A stage without an app, drawn frame by frame: for the gallery and for tests, which say themselves when to go on."""

from pathlib import Path

from kivy.base import EventLoop
from kivy.core.window import Window
from kivy.graphics.opengl import glFinish

from kiosk.ui.display import fit_display
from kiosk.ui.fonts import register_fonts
from kiosk.ui.pictures import Pictures
from kiosk.ui.screens.screen import Send
from kiosk.ui.screenshot import take_screenshot
from kiosk.ui.stage import Stage, load_layouts
from kiosk.ui.touch import Finger, FingerTouch
from kiosk.views import Frame

SETTLE_FRAMES = 32
"""At sixty frames a second, longer than any entrance lasts."""


class Rehearsal:
    """One stage in the window, of the size the window has; close it before the next one."""

    def __init__(self, send: Send) -> None:
        EventLoop.ensure_window()
        EventLoop.status = "started"
        register_fonts()
        fit_display()
        load_layouts()
        self.pictures = Pictures()
        self.stage = Stage(send, self.pictures)
        self.finger = Finger()
        EventLoop.add_input_provider(self.finger)
        Window.bind(on_flip=_finish)
        Window.add_widget(self.stage)

    def close(self) -> None:
        """Take the stage off the window."""
        self.stage.wipe()
        Window.remove_widget(self.stage)
        Window.unbind(on_flip=_finish)
        EventLoop.remove_input_provider(self.finger)
        self.pictures.close()

    def show(self, frame: Frame, frames: int = 2) -> None:
        """Put a frame on the stage and draw."""
        self.stage.show(frame)
        self.run(frames)

    def run(self, frames: int) -> None:
        """Draw so many frames, each when the clock says it is due."""
        for _ in range(frames):
            EventLoop.idle()

    def settle(self) -> None:
        """Draw until every entrance is over."""
        self.run(SETTLE_FRAMES)

    def shoot(self, path: Path) -> None:
        """Write what the window shows to a PNG file."""
        take_screenshot(path, lambda: None)
        self.run(1)

    def tap(self, x: float, y: float) -> None:
        """Touch a point of the window, in pixels from its lower left corner, and let go."""
        touch = self.press(x, y)
        self.run(8)
        self.lift(touch)

    def press(self, x: float, y: float) -> FingerTouch:
        """Put the finger down and draw once."""
        touch = self.finger.press(x, y)
        self.run(1)
        return touch

    def drag(self, touch: FingerTouch, x: float, y: float) -> None:
        """Move the finger and draw once."""
        self.finger.drag(touch, x, y)
        self.run(1)

    def lift(self, touch: FingerTouch) -> None:
        """Take the finger away, and draw until whatever waited for that has happened."""
        self.finger.lift(touch)
        self.run(4)


def _finish(_window: object) -> None:
    glFinish()
