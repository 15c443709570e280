"""A whole kiosk window in a process of its own, led by lines on its standard input; it prints what it is told.

`show NAME LANGUAGE` draws a sample frame, `age` prints the frame age, `stop` ends it; `trouble` makes the next intent
raise, as a fault in whatever takes intents would.
"""

import sys
import threading
import time
from pathlib import Path

from kiosk.ui.app import Callbacks, KioskApp
from kiosk.ui.options import WindowOptions
from kiosk.ui.samples import Samples
from kiosk.visit.intents import Intent


class Trouble:
    """Whether the next intent raises."""

    armed = False


def say(*words: object) -> None:
    print(*words, flush=True)  # noqa: T201 - standard output is how the test hears of this process


def take(intent: Intent) -> None:
    if Trouble.armed:
        Trouble.armed = False
        raise ValueError("the name of somebody")
    say("intent", intent)


def lead(app: KioskApp) -> None:
    for line in sys.stdin:
        match line.split():
            case ["show", name, language]:
                app.bridge.show(Samples(language, {}).frames()[name])
            case ["age"]:
                say("age", app.bridge.frame_age_ms())
            case ["trouble"]:
                Trouble.armed = True
            case ["stop"]:
                app.stop()


def main() -> None:
    width, height, socket = sys.argv[1:]
    options = WindowOptions(int(width), int(height), offscreen=True)
    app = KioskApp(Callbacks(take, lambda: say("ready")), options, time.monotonic, Path(socket) if socket else None)
    threading.Thread(target=lead, args=(app,), daemon=True).start()
    app.run()
    say("ended")


main()
