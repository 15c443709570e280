"""The identifying screen: one calm line while the hub looks a card up."""

from kiosk.ui.screens.screen import Screen
from kiosk.views import IdentifyingView


class IdentifyingScreen(Screen):
    """A spinner and a sentence."""

    name = "identifying"

    def show(self, view: IdentifyingView) -> None:
        """Show what is being waited for."""
        self.parts.message.text = view.message
        self.parts.spinner.running = True
