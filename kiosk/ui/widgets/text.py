"""A text that fits its box: it wraps, then gets smaller, then ends in an ellipsis, and never overflows.

Text is drawn as it stands: there is no markup, so a name can never format anything.
"""

from kivy.clock import Clock
from kivy.core.text import Label as CoreLabel
from kivy.graphics import Color, Rectangle
from kivy.properties import (
    BooleanProperty,
    ColorProperty,
    NumericProperty,
    OptionProperty,
    StringProperty,
)
from kivy.uix.widget import Widget

from kiosk.ui.theme import INK
from kiosk.ui.typeset import Setting, set_text

SCALE_STEP = 0.92
SIZE_MIN_PX = 8
ATTEMPTS_MAX = 4
RENDERED_EXTRA_PX = 1
"""A rendered line is up to this much wider than the font engine says beforehand."""


class Text(Widget):
    """Set `limit` to let the text decide the widget's width, up to that many pixels; otherwise its width is given.

    `text_height` is what the set lines take; layouts use it as height. `cut` says that words had to be left out.
    `rise` is the share of the size by which letters are raised: the font hangs them below the middle of its line.
    """

    text: str = StringProperty("")
    weight: str = OptionProperty("regular", options=["regular", "medium", "bold", "black", "icons"])
    font_size: float = NumericProperty(24)
    color = ColorProperty(INK)
    halign: str = OptionProperty("left", options=["left", "center", "right"])
    lines: int = NumericProperty(1)
    leading: float = NumericProperty(1.35)
    shrink: float = NumericProperty(0.7)
    limit: float = NumericProperty(0)
    rise: float = NumericProperty(0.06)
    text_height: float = NumericProperty(0)
    line_count: int = NumericProperty(1)
    cut: bool = BooleanProperty(defaultvalue=False)

    def __init__(self, **kwargs: object) -> None:
        self._drawn: list[Rectangle] = []
        self._used_px = 0
        super().__init__(**kwargs)
        with self.canvas:
            self._tint = Color(rgba=self.color)
        self._set_soon = Clock.create_trigger(self._set, -1)
        for name in ("text", "weight", "font_size", "lines", "leading", "shrink", "limit"):
            self.fbind(name, self._set_soon)
        self.fbind("color", self._dye)
        self.fbind("width", self._width_changed)
        for name in ("pos", "size", "halign"):
            self.fbind(name, self._place)
        self._set_soon()

    def wipe(self) -> None:
        """Forget the text at once, with the pictures made of it."""
        self.text = ""
        self._set()
        self._set_soon.cancel()

    def _dye(self, *_: object) -> None:
        self._tint.rgba = self.color

    def _width_changed(self, *_: object) -> None:
        if not self.limit:
            self._set_soon()

    def _set(self, *_: object) -> None:
        base = max(SIZE_MIN_PX, round(self.font_size))
        room = (self.limit or self.width) - RENDERED_EXTRA_PX
        excess = 1.0
        setting = self._fit(base, room, excess)
        for _attempt in range(ATTEMPTS_MAX):
            widest = max((self._width(line, self._used_px) for line in setting.lines), default=0)
            if widest <= room:
                break
            excess *= widest / max(room, 1)
            setting = self._fit(base, room, excess)
        self._draw(setting.lines)
        self.cut = setting.cut
        self.line_count = max(1, len(setting.lines))
        self.text_height = self.line_count * self._line_px
        if self.limit:
            self.size = max((drawn.size[0] for drawn in self._drawn), default=0), self.height

    def _fit(self, base: int, room: float, excess: float) -> Setting:
        """Set the text; `excess` corrects for small letters, which are hinted to whole pixels and come out wider."""
        setting = set_text(
            self.text,
            lambda part: self._width(part, base) * excess,
            room,
            lines=int(self.lines),
            scales=_scales(self.shrink),
        )
        self._used_px = max(SIZE_MIN_PX, int(base * setting.scale))
        return setting

    def _width(self, text: str, size_px: int) -> float:
        return float(self._label(text, size_px).get_extents(text)[0])

    def _draw(self, lines: tuple[str, ...]) -> None:
        for drawn in self._drawn:
            self.canvas.remove(drawn)
        self._drawn.clear()
        for line in lines:
            label = self._label(line, self._used_px)
            label.refresh()
            drawn = Rectangle(texture=label.texture, size=label.texture.size)
            self.canvas.add(drawn)
            self._drawn.append(drawn)
        self._place()

    def _place(self, *_: object) -> None:
        """Whole pixels only: half a pixel of offset blurs every letter.

        Reckoned from `y` and `height`, because `center_y` is still the old one while `pos` is being changed.
        """
        middle = self.y + self.height / 2 + self.rise * self._used_px
        top = middle + len(self._drawn) * self._line_px / 2
        for index, drawn in enumerate(self._drawn):
            width, height = drawn.size
            room = self.width - width
            indent = {"left": 0, "center": room / 2, "right": room}[self.halign]
            y = top - (index + 0.5) * self._line_px - height / 2
            drawn.pos = (round(self.x + indent), round(y))

    @property
    def _line_px(self) -> float:
        return self._used_px * self.leading

    def _label(self, text: str, size_px: int) -> CoreLabel:
        return CoreLabel(text=text, font_name=self.weight, font_size=size_px)


def _scales(smallest: float) -> list[float]:
    scales = [1.0]
    while scales[-1] * SCALE_STEP >= smallest:
        scales.append(scales[-1] * SCALE_STEP)
    return scales
