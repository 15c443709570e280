"""The buttons: one primary act, quiet ones beside it, and glassy ones on dark screens."""

from kivy.properties import ColorProperty, NumericProperty, OptionProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.ui import theme
from kiosk.ui.widgets.panel import PanelBox
from kiosk.ui.widgets.tappable import Tappable
from kiosk.ui.widgets.worded import Worded

LOOKS: dict[str, dict[str, object]] = {
    "primary": {"fill": theme.BRAND_DEEP, "fill_to": theme.BRAND, "edge_width": 0, "ink": theme.ON_BRAND},
    "quiet": {"fill": theme.SURFACE, "fill_to": None, "edge_width": 2, "ink": theme.INK},
    "glass": {"fill": theme.GLASS, "fill_to": None, "edge_width": 0, "ink": theme.ON_NIGHT},
}


class Key(Worded, Tappable, PanelBox):
    """A label with an icon before it. The layout says how big; the look says how loud."""

    icon: str = StringProperty("")
    look: str = OptionProperty("quiet", options=sorted(LOOKS))
    ink = ColorProperty(theme.INK)

    def __init__(self, **kwargs: object) -> None:
        super().__init__(**kwargs)
        self.fbind("look", self._look_changed)
        self._look_changed()

    def _look_changed(self, *_: object) -> None:
        for name, value in LOOKS[self.look].items():
            setattr(self, name, value)


class LanguageKey(Worded, Tappable, BoxLayout):
    """A language to switch to. What is drawn is smaller than what can be touched."""

    ink = ColorProperty(theme.INK)
    face_fill = ColorProperty(theme.SURFACE)
    darkness: float = NumericProperty(0)
