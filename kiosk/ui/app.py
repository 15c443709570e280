"""The face of this package: the kiosk's window, opened, drawn in and kept alive.

Only this module may be imported before the window is to be opened; it imports Kivy no sooner than that.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from kiosk.ui.options import WindowOptions, prepare
from kiosk.visit.intents import Intent


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Called on the Kivy thread, so each must return at once.

    `intent` takes what the customer does; `ready` is called once, when the first frames may come.
    """

    intent: Callable[[Intent], None]
    ready: Callable[[], None]


class KioskApp:
    """Make it on the main thread and `run` it there; `bridge` takes frames from any thread."""

    def __init__(
        self,
        callbacks: Callbacks,
        options: WindowOptions,
        monotonic_s: Callable[[], float],
        remote: Path | None = None,
    ) -> None:
        """Opens the window. `remote` is where to make the socket for tours and tests; without it there is none."""
        prepare(options)
        # Kivy opens its window while it is imported, so it must not be imported before it has been prepared.
        from kiosk.ui.window import KioskWindow  # noqa: PLC0415

        self._window = KioskWindow(callbacks.intent, callbacks.ready, monotonic_s)
        self.bridge = self._window.bridge
        self._remote = remote

    def run(self) -> None:
        """Draw until `stop`; returns when the window is closed."""
        if self._remote is None:
            self._window.run()
            return
        from kiosk.ui.remote import Remote  # noqa: PLC0415

        with Remote(self._remote, self._window):
            self._window.run()

    def stop(self) -> None:
        """Close the window. For any thread."""
        self._window.stop()
