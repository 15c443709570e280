"""Progress as a ring with round ends, and the spinner made from it."""

import math

from kivy.animation import Animation
from kivy.clock import Clock
from kivy.properties import BooleanProperty, ColorProperty, NumericProperty
from kivy.uix.widget import Widget

from kiosk.ui import theme
from kiosk.ui.shader import RING, ShaderQuad, Uniform

FILL_S = 0.38
SPINS_PER_S = 0.9
SPIN_FRAMES_PER_S = 30
SPINNER_SHARE = 0.28


class Ring(Widget):
    """`value` (0 to 1) of a ring `thickness` pixels wide, clockwise from the top plus `turn` radians."""

    value: float = NumericProperty(0)
    thickness: float = NumericProperty(8)
    turn: float = NumericProperty(0)
    fill = ColorProperty(theme.BRAND)
    fill_to = ColorProperty(theme.BRAND)
    track = ColorProperty(theme.GLASS)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._quad = ShaderQuad()
        self._quad.use(RING)
        self.canvas.add(self._quad.instructions)
        self._redraw_soon = Clock.create_trigger(self._redraw, -1)
        for name in ("pos", "size", "value", "thickness", "turn", "fill", "fill_to", "track"):
            self.fbind(name, self._redraw_soon)
        self._redraw_soon()

    def fill_up(self, value: float) -> None:
        """Move from the present value to this one."""
        Animation.cancel_all(self, "value")
        Animation(value=value, duration=FILL_S, transition="out_cubic").start(self)

    def wipe(self) -> None:
        """Show nothing of anybody's progress."""
        Animation.cancel_all(self, "value")
        self.value = 0

    def _redraw(self, *_: object) -> None:
        self._quad.set(self._uniforms())
        self._quad.place(*self.pos, *self.size)

    def _uniforms(self) -> dict[str, Uniform]:
        return {
            "extent": (max(self.width, 1), max(self.height, 1)),
            "width": self.thickness,
            "value": self.value,
            "turn": self.turn,
            "fill_from": tuple(self.fill),
            "fill_to": tuple(self.fill_to),
            "track": tuple(self.track),
        }


class WaitRing(Ring):
    """Turns while `running`, and costs nothing otherwise."""

    running: bool = BooleanProperty(defaultvalue=False)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.value = SPINNER_SHARE
        self._ticking = Clock.create_trigger(self._tick, 1 / SPIN_FRAMES_PER_S, interval=True)

    def on_running(self, *_: object) -> None:
        """Start or stop turning."""
        if self.running:
            self._ticking()
        else:
            self._ticking.cancel()

    def wipe(self) -> None:
        """Stand still."""
        self.running = False

    def _tick(self, elapsed_s: float) -> None:
        self.turn = (self.turn + elapsed_s * SPINS_PER_S * math.tau) % math.tau
