"""The only way in: frames from any thread reach the Kivy thread, newest first and only.

Knows no Kivy: what wakes the Kivy thread, what draws and what time it is are passed in.
"""

import threading
from collections.abc import Callable

from kiosk.views import Frame


class Bridge:
    """Holds at most one frame. A frame that is replaced before it was drawn is never drawn."""

    def __init__(self, wake: Callable[[], object], monotonic_s: Callable[[], float]) -> None:
        """`wake` asks for `draw_newest` to be called soon on the Kivy thread; it must be callable from any thread."""
        self._wake = wake
        self._monotonic_s = monotonic_s
        self._lock = threading.Lock()
        self._newest: Frame | None = None
        self._alive_at_s = monotonic_s()

    def show(self, frame: Frame) -> None:
        """Draw this frame as soon as possible instead of any that waits. For any thread; returns at once."""
        with self._lock:
            self._newest = frame
        self._wake()

    def take(self) -> Frame | None:
        """The frame that waits to be drawn, once. For the Kivy thread."""
        with self._lock:
            frame, self._newest = self._newest, None
        return frame

    def beat(self) -> None:
        """Say that the Kivy thread is alive; it does so on every tick of its clock's heartbeat."""
        self._alive_at_s = self._monotonic_s()

    def frame_age_ms(self) -> int:
        """Milliseconds since the Kivy thread last proved alive. For any thread."""
        return int((self._monotonic_s() - self._alive_at_s) * 1000)
