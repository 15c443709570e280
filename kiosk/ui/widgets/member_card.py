"""The drawn member card of the attract screen."""

from kivy.properties import NumericProperty, StringProperty

from kiosk.ui.widgets.panel import Panel


class MemberCard(Panel):
    """A golden card with a chip, waves and a label; decoration, nobody's card."""

    label: str = StringProperty("")
    degrees: float = NumericProperty(0)

    def wipe(self) -> None:
        """It is nobody's card: the label belongs to the attract screen."""
        self.label = ""
