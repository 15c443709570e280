"""The parts of the member's hero panel: the figures, and the ring with the points in it."""

from kivy.properties import ColorProperty, NumericProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout
from kivy.uix.floatlayout import FloatLayout

from kiosk.ui import theme
from kiosk.views.member import Stat


class StatColumn(BoxLayout):
    """A figure under its label; `certainty` dims what the hub has not confirmed."""

    label: str = StringProperty("")
    value: str = StringProperty("")
    soft = ColorProperty(theme.ON_NIGHT_SOFT)
    certainty: float = NumericProperty(1)

    def show(self, stat: Stat) -> None:
        """Show one figure."""
        self.label, self.value = stat.label, stat.value

    def wipe(self) -> None:
        """Forget the figure."""
        self.label = self.value = ""


class RingFace(FloatLayout):
    """The ring, with the points and their label in the middle."""

    label: str = StringProperty("")
    metal = ColorProperty(theme.TIERS[0].metal[0])
    metal_to = ColorProperty(theme.TIERS[0].metal[1])
    soft = ColorProperty(theme.ON_NIGHT_SOFT)

    def wipe(self) -> None:
        """Forget the label; ring and points forget by themselves."""
        self.label = ""
