"""The attract screen: a card that breathes, and one thing to do."""

from kiosk.ui.screens.screen import Screen
from kiosk.views import AttractView


class AttractScreen(Screen):
    """Moves only while the kiosk can be used; one that cannot must not invite anybody."""

    name = "attract"

    def show(self, view: AttractView) -> None:
        """Show the invitation, or what is wrong."""
        parts = self.parts
        parts.headline.text = view.headline
        parts.subtitle.text = view.subtitle
        parts.hint.text = view.hint
        parts.hint.icon = "hand-tap" if view.usable else "info"
        parts.card.label = view.card_label
        parts.card.opacity = parts.ripples.opacity = float(view.usable)
        parts.trouble.opacity = float(not view.usable)
        if view.usable:
            parts.ripples.start()
        else:
            parts.ripples.stop()

    def wipe(self) -> None:
        """Come to rest."""
        self.parts.ripples.stop()
        super().wipe()
