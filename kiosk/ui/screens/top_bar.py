"""What stands above every screen: whose kiosk this is, how long the visit lasts, other languages."""

from kivy.properties import BooleanProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.ui import theme
from kiosk.ui.screens.pool import show_each
from kiosk.ui.screens.screen import Send
from kiosk.ui.widgets import LanguageKey
from kiosk.views import Frame
from kiosk.views.frame import LanguageButton
from kiosk.visit.intents import LanguageChosen

LANGUAGES_MAX = 3


class LanguageChoice(LanguageKey):
    """One language to switch to."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send
        self._language = ""

    def show(self, view: LanguageButton) -> None:
        """Offer a language."""
        self._language = view.language
        self.name = f"language:{view.language}"
        self.text = view.label

    def on_release(self) -> None:
        """Switch to it."""
        self._send(LanguageChosen(self._language))


class TopBar(BoxLayout):
    """`dark` says what it stands on."""

    dark: bool = BooleanProperty(defaultvalue=True)

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._keys = [LanguageChoice(send) for _ in range(LANGUAGES_MAX)]

    def show(self, frame: Frame, *, dark: bool) -> None:
        """Show whose kiosk it is and how long the visit lasts."""
        self.dark = dark
        parts = self.ids
        parts.chain.text, parts.store.text = frame.chain_name, frame.store_name
        self._show_countdown(frame.countdown, hurry=frame.hurry)
        show_each(parts.languages, self._keys, frame.languages[:LANGUAGES_MAX])
        for key in self._keys:
            key.ink = theme.ON_NIGHT if dark else theme.INK
            key.face_fill = theme.GLASS if dark else theme.SURFACE

    def _show_countdown(self, text: str, *, hurry: bool) -> None:
        chip = self.ids.countdown
        chip.text = text
        chip.icon = "timer" if text else ""
        chip.bold = hurry
        if hurry:
            chip.fill, chip.ink = theme.AMBER, theme.ON_AMBER
        elif self.dark:
            chip.fill, chip.ink = theme.GLASS, theme.ON_NIGHT
        else:
            chip.fill, chip.ink = theme.FROST, theme.MUTED
