"""A QR code, drawn as one texture with whole pixels per module so that every phone and scanner reads it."""

import segno
from kivy.graphics import Color, Rectangle
from kivy.graphics.texture import Texture
from kivy.properties import StringProperty
from kivy.uix.widget import Widget

from kiosk.ui.theme import INK, SURFACE

QUIET_MODULES = 4
"""Blank modules around the code (ISO/IEC 18004, section 6.3.8)."""


class QrCode(Widget):
    """Draws `data` with its quiet zone in the middle of the widget; nothing while `data` is empty."""

    data: str = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self._modules = 0
        with self.canvas:
            self._tint = Color(1, 1, 1, 0)
            self._rectangle = Rectangle()
        self.fbind("data", self._encode)
        self.fbind("pos", self._place)
        self.fbind("size", self._place)
        self._encode()

    def wipe(self) -> None:
        """Drop the code and the texture made of it."""
        self.data = ""

    def _encode(self, *_: object) -> None:
        self._tint.a = 1 if self.data else 0
        if not self.data:
            self._rectangle.texture = None
            return
        rows = [bytes(row) for row in segno.make_qr(self.data, error="m").matrix_iter(border=QUIET_MODULES)]
        self._modules = len(rows)
        texture = Texture.create(size=(self._modules, self._modules), colorfmt="rgb")
        texture.mag_filter = texture.min_filter = "nearest"
        texture.blit_buffer(_pixels(rows), colorfmt="rgb", bufferfmt="ubyte")
        self._rectangle.texture = texture
        self._place()

    def _place(self, *_: object) -> None:
        if not self._modules:
            return
        side = int(min(self.size) // self._modules) * self._modules
        self._rectangle.size = (side, side)
        self._rectangle.pos = (round(self.x + (self.width - side) / 2), round(self.y + (self.height - side) / 2))


def _pixels(rows: list[bytes]) -> bytes:
    """Rows of modules from the top as RGB bytes from the bottom, which is where OpenGL begins."""
    dark, light = (bytes(round(part * 255) for part in colour[:3]) for colour in (INK, SURFACE))
    return b"".join(dark if module else light for row in reversed(rows) for module in row)
