"""A reward's picture, cropped to its panel; a drawn stand-in until it has arrived, or for ever if there is none."""

from pathlib import Path

from kivy.animation import Animation
from kivy.graphics.texture import Texture
from kivy.properties import NumericProperty

from kiosk.ui import theme
from kiosk.ui.pictures import Pictures
from kiosk.ui.shader import Uniform
from kiosk.ui.widgets.panel import Panel

FADE_S = 0.2

STAND_INS = (
    (theme.hex_colour("8C5A38"), theme.hex_colour("D6A377")),
    (theme.hex_colour("C2476B"), theme.hex_colour("FF9FB0")),
    (theme.hex_colour("0C7561"), theme.hex_colour("63D6B0")),
    (theme.hex_colour("1F66BE"), theme.hex_colour("7FC1FA")),
    (theme.hex_colour("6343C4"), theme.hex_colour("B9A3FA")),
    (theme.hex_colour("B86A0C"), theme.hex_colour("FFC95C")),
)
"""Gradients of the stand-in, told apart by `tone`."""


class Picture(Panel):
    """Drawn by the panel's own shader, so a picture's corners are as smooth as the panel's.

    `alpha` fades it in, `grey` takes its colour out, `tone` picks the stand-in's colours.
    """

    tone: int = NumericProperty(2)
    alpha: float = NumericProperty(0)
    grey: float = NumericProperty(0)

    def __init__(self, **kwargs: object) -> None:
        self._path: Path | None = None
        self._texture: Texture | None = None
        super().__init__(angle=60, **kwargs)
        for name in ("alpha", "grey"):
            self.fbind(name, self._redraw_soon)
        self.fbind("tone", self._tone_changed)
        self._tone_changed()

    def show(self, path: Path | None, pictures: Pictures) -> None:
        """Show the picture of a path; one that is here already is in the very next frame."""
        if path == self._path:
            return
        self.wipe()
        self._path = path
        if path is None:
            return
        texture = pictures.ask(path, lambda arrived: self._fade_in(path, arrived))
        if texture is not None:
            self._take(texture)
            self.alpha = 1

    def wipe(self) -> None:
        """Back to the stand-in."""
        Animation.cancel_all(self, "alpha")
        self._path = None
        self._take(None)
        self.alpha = 0

    def _fade_in(self, path: Path, texture: Texture) -> None:
        if path == self._path:
            self._take(texture)
            Animation(alpha=1, duration=FADE_S).start(self)

    def _take(self, texture: Texture | None) -> None:
        self._texture = texture
        self._quad.use_texture(texture)
        self._redraw_soon()

    def _tone_changed(self, *_: object) -> None:
        self.fill, self.fill_to = STAND_INS[self.tone % len(STAND_INS)]

    def _uniforms(self) -> dict[str, Uniform]:
        return super()._uniforms() | {"picture": self.alpha, "grey": self.grey, "crop": self._crop()}

    def _features(self) -> frozenset[str]:
        return super()._features() | {"PICTURE"}

    def _crop(self) -> tuple[float, ...]:
        """The middle part of the texture that has the panel's proportions, in texture coordinates."""
        if self._texture is None:
            return 0, 0, 1, 1
        shape = self.width / max(self.height, 1)
        picture = self._texture.width / self._texture.height
        across, along = min(1.0, shape / picture), min(1.0, picture / shape)
        (left, bottom), (full_across, full_along) = self._texture.uvpos, self._texture.uvsize
        return (
            left + full_across * (1 - across) / 2,
            bottom + full_along * (1 - along) / 2,
            full_across * across,
            full_along * along,
        )
