"""The edge of a list, where what scrolls out of sight fades into the backdrop."""

from kivy.properties import ObjectProperty

from kiosk.ui import theme
from kiosk.ui.shader import Uniform
from kiosk.ui.widgets.backdrop import Backdrop
from kiosk.ui.widgets.panel import Panel


class Fade(Panel):
    """Draws its part of the backdrop once more over the list, from nothing to whole along `angle`.

    A plain colour would show: behind every point of the window the backdrop has another one.
    """

    backdrop = ObjectProperty(None, allownone=True)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(fill=theme.CLEAR, fill_to=theme.SURFACE, **kwargs)

    def on_backdrop(self, _fade: object, backdrop: Backdrop) -> None:
        """Follow the backdrop's picture, which changes with its mood."""
        backdrop.bind(picture=self._redraw_soon)

    def _redraw(self, *_: object) -> None:
        if self.backdrop is not None:
            self._quad.use_texture(self.backdrop.picture)
        super()._redraw()

    def _features(self) -> frozenset[str]:
        return super()._features() | {"PICTURE"}

    def _uniforms(self) -> dict[str, Uniform]:
        return super()._uniforms() | {"picture": 1.0, "grey": 0.0, "crop": self._part()}

    def _part(self) -> tuple[float, ...]:
        """Where this widget lies on the backdrop, in shares of it."""
        if self.backdrop is None:
            return 0, 0, 1, 1
        width, height = max(self.backdrop.width, 1), max(self.backdrop.height, 1)
        return self.x / width, self.y / height, self.width / width, self.height / height
