"""Pictures of rewards on this kiosk: fetched once from the hub over HTTPS, named by and checked against their SHA-256.

A thread of its own fetches, so nothing waits for a picture; until it has come, screens draw something in its place.
One that cannot be had does not hold up the others: it is tried again after a pause, behind whatever is new.
"""

import hashlib
import os
import queue
import ssl
import threading
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException, IncompleteRead
from pathlib import Path

import structlog

TIMEOUT_S = 15
RETRY_S = 20.0
"""How long pictures that could not be fetched rest, unless new ones are asked for, before all are tried again."""
PICTURE_MAX_BYTES = 4 * 1024 * 1024
WAITING_MAX = 1_000

log = structlog.get_logger()


class Pictures:
    """A folder of pictures that fills itself."""

    def __init__(
        self, folder: Path, hub_url: str, ca: Path, came: Callable[[], None], *, retry_s: float = RETRY_S
    ) -> None:
        folder.mkdir(mode=0o700, exist_ok=True)
        self._folder = folder
        self._hub_url = hub_url.rstrip("/")
        self._context = ssl.create_default_context(cafile=str(ca))
        self._context.minimum_version = ssl.TLSVersion.TLSv1_3
        self._came = came
        self._retry_s = retry_s
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
        missing: list[str] = []
        while not self._stopping.is_set():
            try:
                asked = self._queue.get(timeout=self._retry_s if missing else None)
            except queue.Empty:
                missing = self._fetch_all(missing)
            else:
                missing += self._fetch_all([] if asked is None else [asked])

    def _fetch_all(self, pictures: list[str]) -> list[str]:
        """Fetch what can be had now; returns what could not be."""
        missing, reason = [], ""
        for sha256 in pictures:
            if self._stopping.is_set():
                break
            try:
                self._fetch(sha256)
            except (OSError, HTTPException) as error:
                missing.append(sha256)
                reason = f"{type(error).__name__}: {error}"
        if missing:
            log.info("pictures could not be fetched yet", pictures=len(missing), last=missing[-1], reason=reason)
        return missing

    def _fetch(self, sha256: str) -> None:
        url = f"{self._hub_url}/pictures/{sha256}"
        with urllib.request.urlopen(url, timeout=TIMEOUT_S, context=self._context) as response:  # noqa: S310
            data: bytes = response.read(PICTURE_MAX_BYTES + 1)
            # Asked for at most so many bytes, the library takes an answer that broke off for a whole one.
            if response.length and len(data) <= PICTURE_MAX_BYTES:
                raise IncompleteRead(data, response.length)
        if len(data) > PICTURE_MAX_BYTES or hashlib.sha256(data).hexdigest() != sha256:
            # It stays among the wanted, so it is not fetched again before the next start.
            log.warning("a picture is not what its name says", picture=sha256)
            return
        self._keep(sha256, data)
        self._here.add(sha256)
        self._wanted.discard(sha256)
        self._came()

    def _keep(self, sha256: str, data: bytes) -> None:
        draft = self._folder / f"{sha256}.draft"
        with draft.open("wb") as file:
            file.write(data)
            file.flush()
            # What is found at the next start is not checked again, so a power cut must not leave half a picture.
            os.fsync(file.fileno())
        draft.rename(self._folder / f"{sha256}.png")
