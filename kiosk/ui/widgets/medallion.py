"""The round sign at the head of a result: it went well, it is not sure yet, it did not work."""

from kivy.properties import StringProperty

from kiosk.ui.widgets.panel import Panel


class Medallion(Panel):
    """`icon` is the name of a Phosphor icon; the screen chooses the colours."""

    icon: str = StringProperty("check")
