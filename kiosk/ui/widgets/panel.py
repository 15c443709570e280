"""The surface everything lies on: a rounded panel with gradient, border, soft shadow and, if asked, notches."""

import math

from kivy.clock import Clock
from kivy.properties import (
    BooleanProperty,
    ColorProperty,
    NumericProperty,
)
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from kiosk.ui import theme
from kiosk.ui.shader import ShaderQuad, Uniform, panel_fragment


class Surface(Widget):
    """Draws a panel behind a widget; mixed in before a Kivy layout.

    `angle` turns the gradient from `fill` to `fill_to`: 0 is left to right, 90 upwards. `shadow` is its strength,
    0 to 1, and `darkness` dims it. A notch cuts a half circle of `notch_radius` out of two
    opposite sides: left and right at height `notch_at`, or top and bottom if `notch_upright`. Lengths are pixels.
    """

    fill = ColorProperty(theme.SURFACE)
    fill_to = ColorProperty(None, allownone=True)
    angle: float = NumericProperty(90)
    radius: float = NumericProperty(0)
    edge = ColorProperty(theme.LINE)
    edge_width: float = NumericProperty(0)
    shadow: float = NumericProperty(0)
    shadow_blur: float = NumericProperty(0)
    shadow_drop: float = NumericProperty(0)
    darkness: float = NumericProperty(0)
    notch_at: float = NumericProperty(0)
    notch_radius: float = NumericProperty(0)
    notch_upright: bool = BooleanProperty(defaultvalue=False)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._quad = ShaderQuad()
        # Beneath the children a layout file may have added already, yet after what turns or scales the whole widget.
        self.canvas.insert(1 if self.canvas.has_before else 0, self._quad.instructions)
        self._redraw_soon = Clock.create_trigger(self._redraw, -1)
        for name in _DRAWN:
            self.fbind(name, self._redraw_soon)
        self._redraw_soon()

    def _redraw(self, *_: object) -> None:
        margin = self._margin
        self._quad.use(panel_fragment(self._features()))
        self._quad.set(self._uniforms())
        self._quad.place(self.x - margin, self.y - margin, self.width + 2 * margin, self.height + 2 * margin)

    @property
    def _margin(self) -> float:
        """How far the shadow reaches out; one pixel more, so that smooth edges are not cut."""
        return math.ceil(self.shadow_blur + abs(self.shadow_drop)) + 1 if self.shadow else 1

    def _features(self) -> frozenset[str]:
        wanted = {
            "EDGE": self.edge_width > 0,
            "GRADIENT": self.fill_to is not None,
            "NOTCH": self.notch_radius > 0,
            "SHADOW": self.shadow > 0,
        }
        return frozenset(feature for feature, needed in wanted.items() if needed)

    def _uniforms(self) -> dict[str, Uniform]:
        width, height = max(self.width, 1), max(self.height, 1)
        margin = self._margin
        across, up = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        length = abs(across) * width + abs(up) * height
        corner = min(self.radius, width / 2, height / 2)
        return {
            "extent": (width, height),
            "reach": (width + 2 * margin, height + 2 * margin),
            "radius": corner,
            "fill_from": tuple(self.fill),
            "fill_to": tuple(self.fill_to or self.fill),
            "slope": (across / length, up / length),
            "darkness": self.darkness,
            "edge": tuple(self.edge),
            "edge_width": self.edge_width,
            "shadow": (*theme.SHADE[:3], self.shadow),
            "shadow_drop": (0, -self.shadow_drop),
            "shadow_blur": max(self.shadow_blur, 1),
            "notch": (self.notch_at, self.notch_radius, float(self.notch_upright)),
        }


_DRAWN = (
    "pos", "size", "fill", "fill_to", "angle", "radius", "edge", "edge_width", "shadow", "shadow_blur", "shadow_drop",
    "darkness", "notch_at", "notch_radius", "notch_upright",
)  # fmt: skip


class Panel(Surface, FloatLayout):
    """A panel whose children are placed freely."""


class PanelBox(Surface, BoxLayout):
    """A panel whose children stand in a row or column."""
