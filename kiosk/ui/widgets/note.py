"""Short remarks in coloured shapes: the chip, the offline banner."""

from kivy.properties import BooleanProperty, ColorProperty, NumericProperty, StringProperty

from kiosk.ui import theme
from kiosk.ui.widgets.panel import PanelBox
from kiosk.ui.widgets.worded import Worded


class Chip(Worded, PanelBox):
    """As wide as its icon and text, up to `limit` pixels; it takes no room while the text is empty."""

    icon: str = StringProperty("")
    ink = ColorProperty(theme.INK)
    limit: float = NumericProperty(400)
    bold: bool = BooleanProperty(defaultvalue=False)
    font_size: float = NumericProperty(26)


class Banner(Worded, PanelBox):
    """One line across the page that says what is out of order; it takes no room while the text is empty."""

    icon: str = StringProperty("")
    ink = ColorProperty(theme.ON_AMBER)
