"""The display the stage is built for: its orientation, and design units told to Kivy.

Set once before widgets are made; a change of size means building the stage anew.
"""

from kivy.core.window import Window
from kivy.metrics import Metrics

from kiosk.ui.theme import design_unit_px, is_portrait


def fit_display() -> None:
    """Make Kivy's `dp()` one design unit of the window's present size."""
    Metrics.density = design_unit_px(*Window.size)


def stands_upright() -> bool:
    """True when the window is higher than wide."""
    return is_portrait(*Window.size)
