"""Pictures of rewards on this kiosk: fetched once from the hub over HTTPS, named by and checked against their SHA-256.

A thread of its own fetches, so nothing waits for a picture; until it has come, screens draw something in its place.
"""

import hashlib
import queue
import ssl
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import structlog

TIMEOUT_S = 15
RETRY_S = 20.0
PICTURE_MAX_BYTES = 4 * 1024 * 1024
WAITING_MAX = 1_000

log = structlog.get_logger()


class Pictures:
    """A folder of pictures that fills itself."""

    def __init__(self, folder: Path, hub_url: str, ca: Path, came: Callable[[], None]) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._hub_url = hub_url.rstrip("/")
        self._context = ssl.create_default_context(cafile=str(ca))
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._came = came
        self._here = {path.stem for path in folder.glob("*.png")}
        self._wanted: set[str] = set()
        self._queue: queue.Queue[str | None] = queue.Queue(WAITING_MAX)
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pictures", daemon=True)

    def start(self) -> None:
        """Begin fetching what is asked for; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End the thread, after at most one time-out."""
        self._stopping.set()
        with suppress(queue.Full):
            self._queue.put_nowait(None)
        self._thread.join(TIMEOUT_S)

    def path(self, sha256: str) -> Path | None:
        """Where a picture lies; None while it has not come, and then it is fetched."""
        if sha256 in self._here:
            return self._folder / f"{sha256}.png"
        if sha256 not in self._wanted:
            with suppress(queue.Full):
                self._queue.put_nowait(sha256)
                self._wanted.add(sha256)
        return None

    def _run(self) -> None:
        while not self._stopping.is_set():
            wanted = self._queue.get()
            while wanted is not None and not self._stopping.is_set() and not self._fetch(wanted):
                self._stopping.wait(RETRY_S)

    def _fetch(self, sha256: str) -> bool:
        url = f"{self._hub_url}/pictures/{sha256}"
        try:
            with urllib.request.urlopen(url, timeout=TIMEOUT_S, context=self._context) as response:  # noqa: S310
                data: bytes = response.read(PICTURE_MAX_BYTES + 1)
        except OSError as error:
            log.info("a picture could not be fetched yet", picture=sha256, reason=str(error))
            return False
        if len(data) > PICTURE_MAX_BYTES or hashlib.sha256(data).hexdigest() != sha256:
            log.warning("a picture is not what its name says", picture=sha256)
            return True
        draft = self._folder / f"{sha256}.draft"
        draft.write_bytes(data)
        draft.rename(self._folder / f"{sha256}.png")
        self._here.add(sha256)
        self._wanted.discard(sha256)
        self._came()
        return True
