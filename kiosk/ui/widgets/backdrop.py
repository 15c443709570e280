"""What lies behind every screen: a quiet gradient with a glow in two corners, in one of a few moods."""

from dataclasses import dataclass

from kivy.clock import Clock
from kivy.graphics import Fbo, Rectangle
from kivy.graphics.texture import Texture
from kivy.properties import ObjectProperty, OptionProperty
from kivy.uix.widget import Widget

from kiosk.ui import theme
from kiosk.ui.shader import BACKDROP, ShaderQuad

GLOW_REACH = 0.66
"""How far a glow reaches from its corner, as a share of the window's longer side."""
BAKED_MAX_PX = 1920
"""The longer side of the picture kept per mood; larger windows stretch it, which nobody can see."""


@dataclass(frozen=True, slots=True)
class Mood:
    """Colours from the bottom to the top, and the glows of the upper right and the lower left corner."""

    low: theme.Colour
    high: theme.Colour
    upper_glow: theme.Colour
    lower_glow: theme.Colour


MOODS = {
    "night": Mood(theme.NIGHT, theme.NIGHT_END, theme.NIGHT_GLOW, theme.GOLD_GLOW),
    "warning": Mood(theme.NIGHT, theme.DUSK_END, theme.DUSK_GLOW, theme.CLEAR),
    "paper": Mood(theme.PAPER, theme.PAPER_DEEP, theme.PAPER_GLOW, theme.CLEAR),
}


class Backdrop(Widget):
    """Fills the window; `mood` is one of `MOODS`, `picture` the texture that is shown.

    It is drawn by its shader once per mood and kept as a picture: it covers the whole window in every frame, which a
    software renderer fills from a picture three times as fast.
    """

    mood: str = OptionProperty("night", options=sorted(MOODS))
    picture = ObjectProperty(None, allownone=True)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._baked: dict[str, Texture] = {}
        with self.canvas:
            self._rectangle = Rectangle()
        self._redraw_soon = Clock.create_trigger(self._redraw, -1)
        self.fbind("size", self._resized)
        for name in ("pos", "mood"):
            self.fbind(name, self._redraw_soon)
        self._resized()

    def _resized(self, *_: object) -> None:
        self._baked.clear()
        self._redraw_soon()

    def _redraw(self, *_: object) -> None:
        if self.mood not in self._baked:
            self._baked[self.mood] = _bake(MOODS[self.mood], self.width, self.height)
        self.picture = self._rectangle.texture = self._baked[self.mood]
        self._rectangle.pos, self._rectangle.size = self.pos, self.size


def _bake(mood: Mood, width: float, height: float) -> Texture:
    shrink = min(1.0, BAKED_MAX_PX / max(width, height, 1))
    size = max(1, round(width * shrink)), max(1, round(height * shrink))
    reach = GLOW_REACH * max(size)
    quad = ShaderQuad()
    quad.use(BACKDROP)
    quad.set(
        {
            "glow_shape": (size[0] / reach, size[1] / reach),
            "fill_from": mood.low,
            "fill_to": mood.high,
            "high": mood.upper_glow,
            "low": mood.lower_glow,
        }
    )
    quad.place(0, 0, *size)
    board = Fbo(size=size)
    board.add(quad.instructions)
    board.draw()
    if shrink == 1.0:
        board.texture.mag_filter = board.texture.min_filter = "nearest"
    return board.texture
