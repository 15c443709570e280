"""Circles that run outwards in pulses: alive enough to be noticed, at rest most of the time."""

import math

from kivy.clock import Clock
from kivy.graphics import Color, SmoothLine
from kivy.properties import ColorProperty, NumericProperty
from kivy.uix.widget import Widget

from kiosk.ui import theme

PULSE_S = 2.4
REST_S = 5.6
FRAMES_PER_S = 20
CIRCLES = 3
SEGMENTS = 120


class Ripples(Widget):
    """`phase` runs from 0 to 1 in a pulse and looks the same at both ends, while `lift` rises to 1 and sinks again.

    `inner` is the first circle's radius in pixels, `line` its width.
    """

    phase: float = NumericProperty(0)
    lift: float = NumericProperty(0)
    inner: float = NumericProperty(100)
    line: float = NumericProperty(2)
    color = ColorProperty(theme.ON_NIGHT_SOFT)
    strength: float = NumericProperty(0.5)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._elapsed_s = 0.0
        self._ticking = Clock.create_trigger(self._tick, 1 / FRAMES_PER_S, interval=True)
        self._pulse_later = Clock.create_trigger(self._begin, REST_S)
        self._circles: list[tuple[Color, SmoothLine]] = []
        with self.canvas:
            for _ in range(CIRCLES):
                self._circles.append((Color(), SmoothLine()))
        self._redraw_soon = Clock.create_trigger(self._redraw, -1)
        for name in ("pos", "size", "phase", "inner", "line", "color", "strength"):
            self.fbind(name, self._redraw_soon)
        self._redraw_soon()

    def start(self) -> None:
        """Pulse now and then again after every rest; goes on as it is when it has been started already."""
        if not (self._ticking.is_triggered or self._pulse_later.is_triggered):
            self._begin()

    def stop(self) -> None:
        """Come to rest at once."""
        self._ticking.cancel()
        self._pulse_later.cancel()
        self.phase = self.lift = 0

    def _begin(self, *_: object) -> None:
        self._elapsed_s = 0.0
        self._ticking()

    def _tick(self, elapsed_s: float) -> None:
        self._elapsed_s += elapsed_s
        share = min(self._elapsed_s / PULSE_S, 1.0)
        self.phase = share * share * (3 - 2 * share)
        self.lift = math.sin(math.pi * self.phase)
        if share >= 1.0:
            self._ticking.cancel()
            self._pulse_later()

    def _redraw(self, *_: object) -> None:
        outer = min(self.size) / 2 - self.line
        for number, (tint, circle) in enumerate(self._circles):
            at = (self.phase + number / CIRCLES) % 1
            tint.rgba = (*self.color[:3], self.strength * (1 - at) ** 1.5)
            circle.width = self.line / 2
            circle.circle = (*self.center, self.inner + (outer - self.inner) * at, 0, 360, SEGMENTS)
