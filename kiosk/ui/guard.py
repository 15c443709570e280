"""What happens to an exception that nobody caught: it is logged, and the kiosk lives on."""

import logging
import traceback
from collections import Counter

from kivy.base import ExceptionHandler, ExceptionManager

log = logging.getLogger(__name__)

REPEATS_LOGGED_EVERY = 1000
"""A fault in drawing comes back sixty times a second; the log must not fill the disk."""


class KeepAlive(ExceptionHandler):
    """Logs where and what kind, never the message: it may quote what stood on the screen."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: Counter[str] = Counter()

    def handle_exception(self, exception: BaseException) -> int:
        """Let Kivy go on after an error; let what ends a program end this one."""
        if not isinstance(exception, Exception):
            return int(ExceptionManager.RAISE)
        place = " < ".join(
            f"{entry.name}:{entry.lineno}" for entry in reversed(traceback.extract_tb(exception.__traceback__)[-4:])
        )
        fault = f"{type(exception).__name__} in {place}"
        if self._seen[fault] % REPEATS_LOGGED_EVERY == 0:
            log.error("screen fault, seen %d times before: %s", self._seen[fault], fault)
        self._seen[fault] += 1
        return int(ExceptionManager.PASS)


def keep_alive() -> None:
    """Install the handler; once a process."""
    ExceptionManager.add_handler(KeepAlive())
