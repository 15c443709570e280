"""What the window should be like, and telling Kivy so before any of its modules is imported.

Kivy reads its environment and its configuration while it is being imported, and opens the window with them; so this
module must run first and must itself not import Kivy at its top.
"""

import logging
import os
from dataclasses import dataclass

FRAMES_PER_S_MAX = 60
WIDTH_MIN_PX = 320
HEIGHT_MIN_PX = 320


@dataclass(frozen=True, slots=True)
class WindowOptions:
    """Size in pixels; `fullscreen` takes the whole display instead; `offscreen` draws without any display."""

    width_px: int = 1280
    height_px: int = 800
    fullscreen: bool = False
    borderless: bool = True
    offscreen: bool = False


def prepare(options: WindowOptions) -> None:
    """Set Kivy up; call it once, on the main thread, before anything imports Kivy."""
    _set_environment(options)
    _set_config(options)


def draws_offscreen() -> bool:
    """True when SDL draws into memory, where nobody ever waits for a finished frame."""
    return os.environ.get("SDL_VIDEODRIVER") == "offscreen"


def _set_environment(options: WindowOptions) -> None:
    os.environ["KIVY_NO_ARGS"] = "1"
    os.environ["KIVY_NO_CONFIG"] = "1"
    os.environ["KIVY_NO_FILELOG"] = "1"
    os.environ["KIVY_LOG_MODE"] = "PYTHON"
    if options.offscreen:
        os.environ["SDL_VIDEODRIVER"] = "offscreen"


def _set_config(options: WindowOptions) -> None:
    # Importing Kivy reads the environment that was set just before.
    from kivy.config import Config  # noqa: PLC0415

    logging.getLogger("kivy").setLevel(logging.WARNING)
    for option, value in {
        "width": max(options.width_px, WIDTH_MIN_PX),
        "height": max(options.height_px, HEIGHT_MIN_PX),
        "fullscreen": "auto" if options.fullscreen else "0",
        "borderless": int(options.borderless),
        "resizable": 0,
        "show_cursor": int(not options.fullscreen),
        "maxfps": FRAMES_PER_S_MAX,
        "multisamples": 0,
    }.items():
        Config.set("graphics", option, value)
    Config.set("kivy", "exit_on_escape", 0)
    # SDL reports every touch as the pointer already. A second provider would report it twice, and emulated
    # multi-touch would draw red dots.
    Config.set("input", "mouse", "mouse,disable_multitouch")
    Config.remove_option("input", "%(name)s")
