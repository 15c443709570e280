"""A widget that passes a text on to the texts inside it, and must forget it with them."""

from kivy.properties import StringProperty


class Worded:
    """Mixed in before a Kivy widget, and before what else it is made of, whose `wipe` it calls too."""

    text: str = StringProperty("")

    def wipe(self) -> None:
        """Forget the text."""
        self.text = ""
        wipe_more = getattr(super(), "wipe", None)
        if wipe_more is not None:
            wipe_more()
