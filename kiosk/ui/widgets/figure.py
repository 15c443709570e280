"""A number that counts to its value."""

from kivy.animation import Animation
from kivy.properties import NumericProperty

from kiosk.ui.widgets.text import Text

COUNT_S = 0.38
BEGIN_SHARE = 0.7
"""Where a number that was not there before begins: close enough that the first frame is not far from the truth."""


class Figure(Text):
    """Counts from the number it shows to the next one, and ends on exactly the text it was given."""

    shown: float = NumericProperty(0)

    def __init__(self, **kwargs: object) -> None:
        self._final = ""
        super().__init__(**kwargs)

    def count_to(self, value: int, final: str) -> None:
        """Count to `value`; `final` is how the view writes it."""
        if final == self._final:
            return
        self.stop()
        if not self._final:
            self.shown = value * BEGIN_SHARE
        self._final = final
        counting = Animation(shown=value, duration=COUNT_S, transition="out_cubic")
        counting.bind(on_complete=self._finish)
        counting.start(self)

    def put(self, value: int, final: str) -> None:
        """Show a value at once, without counting."""
        self.stop()
        self._final = self.text = final
        self.shown = value
        self.text = final

    def stop(self) -> None:
        """Stop counting where it is."""
        Animation.cancel_all(self, "shown")

    def on_shown(self, *_: object) -> None:
        """Write the number on the way; the commas stand where both our languages put them."""
        self.text = f"{round(self.shown):,}"

    def wipe(self) -> None:
        """Forget the number."""
        self.stop()
        self._final = ""
        self.shown = 0
        super().wipe()

    def _finish(self, *_: object) -> None:
        self.text = self._final
