"""A scanner of printed codes on a serial line, as USB scanners with a virtual COM port are. One line of text, one code.

A supervisor thread opens the line, reads it, and opens it again for as long as it takes. Nothing here logs a code.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread

import serial

from protocol.limits import RECEIPT_CODE_MAX_CHARS

RETRY_S = 2.0
POLL_S = 0.2
"""So long a read waits, and so long stopping takes at most."""


@dataclass(frozen=True, slots=True)
class CodeScanned:
    """A code was read; whatever is no printable ASCII, or is longer than any code of ours, never comes this far."""

    text: str

    def __repr__(self) -> str:
        # Whatever logs or prints a scan must not give away what somebody bought.
        return "CodeScanned()"


@dataclass(frozen=True, slots=True)
class ScannerReady:
    """The line is open: what is scanned from now on is read."""


@dataclass(frozen=True, slots=True)
class ScannerMissing:
    """The line cannot be opened or has gone; it is tried again. `reason` is for the log."""

    reason: str


ScannerReport = CodeScanned | ScannerReady | ScannerMissing
ReportTo = Callable[[ScannerReport], None]


class SerialScanner:
    """Reads codes from a device file, such as `/dev/serial/by-id/…`, until it is stopped. A missing one is awaited.

    `ScannerReady` and `ScannerMissing` take turns.
    """

    def __init__(self, path: str, report: ReportTo) -> None:
        self._path = path
        self._report = report
        self._ready: bool | None = None
        self._stopping = Event()
        self._thread = Thread(target=self._supervise, name="scanner", daemon=True)

    def start(self) -> None:
        """Begin reading on a thread of its own; returns at once."""
        self._thread.start()

    def stop(self) -> None:
        """End reading and close the line; returns when the thread has ended."""
        self._stopping.set()
        self._thread.join()

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            try:
                with serial.Serial(self._path, timeout=POLL_S) as line:
                    self._ready = True
                    self._report(ScannerReady())
                    self._read(line)
            except (serial.SerialException, OSError) as error:
                if self._ready is not False:
                    self._ready = False
                    self._report(ScannerMissing(str(error)))
                self._stopping.wait(RETRY_S)

    def _read(self, line: serial.Serial) -> None:
        kept = bytearray()
        while not self._stopping.is_set():
            for byte in line.read(max(1, line.in_waiting)):
                if byte not in b"\r\n":
                    # What is too long is still read to its end, so that the rest does not pass for a code.
                    kept[len(kept) : RECEIPT_CODE_MAX_CHARS + 1] = bytes([byte])
                elif kept:
                    self._take(bytes(kept))
                    kept.clear()

    def _take(self, code: bytes) -> None:
        if len(code) > RECEIPT_CODE_MAX_CHARS:
            return
        with suppress(UnicodeDecodeError):
            text = code.decode("ascii")
            if text.isprintable():
                self._report(CodeScanned(text))
