"""What a kiosk does for itself in the background: compacting its journals, measuring what room it has."""

import os
import threading
from pathlib import Path

from kiosk.store.local import LocalStore

COMPACT_EVERY_S = 60.0

_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


class Upkeep:
    """A thread that looks now and then whether a journal has gathered too much garbage."""

    def __init__(self, store: LocalStore, *, every_s: float = COMPACT_EVERY_S) -> None:
        self._store = store
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="upkeep", daemon=True)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after a compaction that runs."""
        self._stopping.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopping.wait(self._every_s):
            self._store.compact()


def room_bytes(folder: Path) -> tuple[int, int]:
    """Free bytes on the disk of a folder, and the memory that this process takes."""
    room = os.statvfs(folder)
    resident = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return room.f_bavail * room.f_frsize, resident * _PAGE_BYTES
