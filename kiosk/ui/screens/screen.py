"""What all screens share: built once for the display's orientation, shown from a view, wiped when left."""

from collections.abc import Callable
from typing import Any

from kivy.factory import Factory
from kivy.uix.floatlayout import FloatLayout
from kivy.uix.widget import Widget

from kiosk.ui.display import stands_upright
from kiosk.visit.intents import Intent

Send = Callable[[Intent], None]


class Screen(FloatLayout):
    """A layout file has one rule per orientation, `Portrait<Class>` and `Landscape<Class>`, with the same ids.

    Each screen adds `show(view)`, which changes only what differs from the view before.
    """

    name = ""
    """What tours and tests call it."""
    mood = "night"
    """Which backdrop lies behind it."""

    def __init__(self, send: Send) -> None:
        super().__init__()
        self.send = send
        orientation = "Portrait" if stands_upright() else "Landscape"
        layout = Factory.get(orientation + type(self).__name__)()
        self.add_widget(layout)
        self.parts: Any = layout.ids

    def enter(self) -> None:
        """Begin what moves; called when the screen has just been put on the window."""

    def wipe(self) -> None:
        """Forget everything shown; called when the screen has been taken off the window."""
        for child in self.children:
            wipe_tree(child)


def wipe_tree(root: Widget) -> None:
    """Make a widget and all inside it forget; outer ones first, because they pass words on to inner ones."""
    for widget in list(root.walk(restrict=True)):
        wipe = getattr(widget, "wipe", None)
        if wipe is not None:
            wipe()
