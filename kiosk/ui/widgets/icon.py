"""An icon: a letter of the icon font, centred in its box."""

from kivy.properties import StringProperty

from kiosk.ui.fonts import icon_letter
from kiosk.ui.widgets.text import Text


class Icon(Text):
    """`name` is the name of a Phosphor icon; empty draws nothing."""

    name: str = StringProperty("")

    def __init__(self, **kwargs: object) -> None:
        super().__init__(weight="icons", halign="center", **kwargs)
        self.fbind("name", self._name_changed)
        self._name_changed()

    def wipe(self) -> None:
        """An icon says nothing about anybody, and layouts name theirs once."""

    def _name_changed(self, *_: object) -> None:
        self.text = icon_letter(self.name) if self.name else ""
