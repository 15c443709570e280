"""What every command has."""

import gc
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

GARBAGE_MIN_OBJECTS = 50_000

SettingsFile = Annotated[Path, typer.Option("--settings", help="The hub's settings file.", exists=True, dir_okay=False)]


def spare_the_collector() -> None:
    """Have the collector leave alone what is there now, and look for cycles in the rest more seldom.

    Nearly all objects of a request or a batch die without it; at Python's own threshold it took a fifth of the time.
    """
    gc.freeze()
    gc.set_threshold(GARBAGE_MIN_OBJECTS)


def on_stop(stop: Callable[[], None]) -> None:
    """Have SIGTERM and Ctrl-C call something."""
    # Handlers run between two bytecodes of the main thread, which may hold a lock, so another thread does the work.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_arguments: threading.Thread(target=stop).start())
