"""The conductor's thread: takes happenings from a bounded queue, one after the other, and ticks in between."""

import queue
import threading
from collections.abc import Callable

import structlog

from kiosk.conductor import Conductor
from kiosk.happenings import Happening

QUEUE_MAX_HAPPENINGS = 10_000
TICK_S = 0.2

log = structlog.get_logger()


class Loop:
    """Runs a conductor. `put` may be called from any thread; when the queue is full, the caller waits."""

    def __init__(self) -> None:
        self._queue: queue.Queue[Happening | None] = queue.Queue(QUEUE_MAX_HAPPENINGS)
        self._thread: threading.Thread | None = None

    def put(self, happening: Happening) -> None:
        """Let the conductor know of something."""
        self._queue.put(happening)

    def start(self, conductor: Conductor, now: Callable[[], float]) -> None:
        """Begin; returns at once."""
        self._thread = threading.Thread(target=self._run, args=(conductor, now), name="conductor", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread after what it is doing."""
        self._queue.put(None)
        if self._thread is not None:
            self._thread.join()

    def _run(self, conductor: Conductor, now: Callable[[], float]) -> None:
        due = now() + TICK_S
        while True:
            try:
                happening = self._queue.get(timeout=max(due - now(), 0.0))
            except queue.Empty:
                due = now() + TICK_S
                _guard(conductor.tick)
                continue
            if happening is None:
                return
            _guard(lambda happening=happening: conductor.handle(happening))  # type: ignore[misc]
            if now() >= due:
                due = now() + TICK_S
                _guard(conductor.tick)


def _guard(work: Callable[[], None]) -> None:
    # One broken happening must not take the whole kiosk with it; the store is safe, whatever happens here.
    try:
        work()
    except Exception:
        log.exception("the conductor stumbled")
