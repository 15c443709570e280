"""The confirm screen: a reward, what it takes, what remains; then a short wait."""

from kivy.properties import BooleanProperty, ColorProperty, StringProperty
from kivy.uix.boxlayout import BoxLayout

from kiosk.ui import theme
from kiosk.ui.pictures import Pictures
from kiosk.ui.screens.modal import Modal
from kiosk.ui.screens.pool import show_each
from kiosk.ui.screens.screen import Send
from kiosk.ui.widgets.worded import Worded
from kiosk.views import ConfirmView
from kiosk.views.confirm import PriceRow
from kiosk.visit.intents import Dismissed, RedeemConfirmed

ROWS_MAX = 4
TONES = {"plain": theme.INK, "spend": theme.RED, "rest": theme.BRAND}


class SumRow(BoxLayout):
    """One line of the sum; the one that remains is the strong one."""

    label: str = StringProperty("")
    value: str = StringProperty("")
    ink = ColorProperty(theme.INK)
    strong: bool = BooleanProperty(defaultvalue=False)

    def show(self, row: PriceRow) -> None:
        """Show one line."""
        self.label, self.value = row.label, row.value
        self.ink = TONES[row.tone]
        self.strong = row.tone == "rest"

    def wipe(self) -> None:
        """Forget the line."""
        self.label = self.value = ""


class Waiting(Worded, BoxLayout):
    """A spinner with a line beside it, in the place of the buttons."""


class ConfirmModal(Modal):
    """While waiting nothing can be tapped, so that nothing is asked for twice."""

    name = "confirm"

    def __init__(self, send: Send, pictures: Pictures) -> None:
        super().__init__(send)
        self._pictures = pictures
        self._view: ConfirmView | None = None
        self._rows = [SumRow() for _ in range(ROWS_MAX)]
        self.parts.confirm.bind(on_release=lambda _button: send(RedeemConfirmed()))
        self.parts.cancel.bind(on_release=lambda _button: send(Dismissed()))

    def show(self, view: ConfirmView) -> None:
        """Ask, or say that the answer is on its way."""
        if view == self._view:
            return
        self._view = view
        parts = self.parts
        parts.title.text = view.title
        parts.subtitle.text = view.subtitle
        parts.picture.show(view.picture, self._pictures)
        parts.confirm.text = view.confirm_label
        parts.cancel.text = view.cancel_label
        parts.waiting.text = view.waiting_label if view.waiting else ""
        show_each(parts.rows, self._rows, view.rows[:ROWS_MAX])
        self._wait(waiting=view.waiting)

    def wipe(self) -> None:
        """Forget the question, and be ready to ask the next one."""
        self._view = None
        super().wipe()

    def _wait(self, *, waiting: bool) -> None:
        parts = self.parts
        for button in (parts.confirm, parts.cancel):
            button.opacity = float(not waiting)
            button.disabled = waiting
        parts.waiting.opacity = float(waiting)
        parts.waiting.ids.spinner.running = waiting
