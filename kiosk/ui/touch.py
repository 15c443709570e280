"""A finger that is not there: touches put into Kivy's own input pipeline, for tours and tests."""

from collections import deque
from collections.abc import Callable
from typing import Any

from kivy.clock import Clock
from kivy.core.window import Window
from kivy.input import MotionEvent, MotionEventProvider

HOLD_S = 0.09
"""How long a tap lasts: longer than a scrolling list waits to see whether a drag begins."""


class FingerTouch(MotionEvent):
    """One touch, in pixels of the window from its lower left corner."""

    def __init__(self, number: int, x: float, y: float) -> None:
        super().__init__("finger", number, (x, y), is_touch=True, type_id="touch")

    def depack(self, args: tuple[float, float]) -> None:
        """Take a position; Kivy wants it as shares of the window."""
        self.profile = ["pos"]
        self.sx = args[0] / max(1.0, Window.width - 1)
        self.sy = args[1] / max(1.0, Window.height - 1)
        super().depack(args)


class Finger(MotionEventProvider):
    """An input provider as any touchscreen's; add it to the event loop to use it."""

    def __init__(self) -> None:
        super().__init__("finger", "")
        self._waiting: deque[tuple[str, FingerTouch]] = deque()
        self._count = 0

    def update(self, dispatch_fn: Callable[[str, Any], None]) -> None:
        """Called by Kivy once a frame."""
        while self._waiting:
            dispatch_fn(*self._waiting.popleft())

    def press(self, x: float, y: float) -> FingerTouch:
        """Put the finger down; it is felt in the next frame."""
        self._count += 1
        touch = FingerTouch(self._count, x, y)
        self._waiting.append(("begin", touch))
        return touch

    def drag(self, touch: FingerTouch, x: float, y: float) -> None:
        """Move it without lifting it."""
        touch.move((x, y))
        self._waiting.append(("update", touch))

    def lift(self, touch: FingerTouch) -> None:
        """Take it away."""
        self._waiting.append(("end", touch))

    def tap(self, x: float, y: float, done: Callable[[], None]) -> None:
        """Press, hold as long as people do, lift; `done` is called once that has been felt."""
        touch = self.press(x, y)
        Clock.schedule_once(lambda _elapsed_s: self.lift(touch), HOLD_S)
        Clock.schedule_once(lambda _elapsed_s: done(), 2 * HOLD_S)
