"""The refusal screen: what happened and what to do, kindly."""

from kiosk.ui.screens.screen import Screen, Send
from kiosk.views import RefusalView
from kiosk.visit.intents import Dismissed


class RefusalScreen(Screen):
    """One sentence, one button."""

    name = "refusal"
    mood = "warning"

    def __init__(self, send: Send) -> None:
        super().__init__(send)
        self.parts.dismiss.bind(on_release=lambda _button: send(Dismissed()))

    def show(self, view: RefusalView) -> None:
        """Show why not."""
        parts = self.parts
        parts.medallion.icon = view.icon
        parts.title.text = view.title
        parts.sentence.text = view.sentence
        parts.code.text = view.code
        parts.dismiss.text = view.dismiss_label
