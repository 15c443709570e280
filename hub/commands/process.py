"""What every command has."""

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

SettingsFile = Annotated[Path, typer.Option("--settings", help="The hub's settings file.", exists=True, dir_okay=False)]


def on_stop(stop: Callable[[], None]) -> None:
    """Have SIGTERM and Ctrl-C call something."""
    # Handlers run between two bytecodes of the main thread, which may hold a lock, so another thread does the work.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_arguments: threading.Thread(target=stop).start())
