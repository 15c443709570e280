"""The card reader of a kiosk, by nfcpy. The only file that knows nfcpy and ndeflib, and what has to be done about them.

A supervisor thread opens the reader, polls it, and opens it again for as long as it takes. Nothing here ever logs a
card's URL: it is a credential.
"""

import logging
import re
import socket
import termios
from contextlib import suppress
from threading import Event, Thread
from typing import Any

import ndef
import nfc
import nfc.clf.pn532
import nfc.clf.transport
import nfc.clf.udp
import nfc.tag.tt2
import nfc.tag.tt4
import structlog

from devices.cards import ntag21x, ntag424
from devices.cards.technology import Technology
from devices.reader import CardRefused, CardRemoved, CardTapped, ReaderMissing, ReaderReady, ReportTo
from protocol.errors import ErrorCode
from protocol.events import CardEvidence

RETRY_MIN_S = 0.5
RETRY_MAX_S = 10.0
POLL_PAUSE_S = 0.02
"""Rest between two looks for a card: a hand is far slower, and the kiosk is to stay cool."""
PRESENCE_EVERY_S = 0.1
INTERRUPT_EVERY_S = 0.05
READ_ATTEMPTS = 2
"""A card that is still there is read again before it is turned away: hands shake."""

READ_BYTES = 128
"""Read from a smart card at once: enough for the whole URL of a member card, and little time on the air."""
MESSAGE_MAX_BYTES = 1024

_TYPE_A = "106A"
_SAK_ISO_DEP = 0x20
_SAK_TYPE_2 = 0x00
_SELECT = 0xA4
_READ_BINARY = 0xB0
_NDEF_APPLICATION = bytes.fromhex("D2760000850101")
_NDEF_FILE = bytes.fromhex("E104")
_RANDOM_UID = 0x08
_SERIAL_PATH = re.compile(r"tty:(/[A-Za-z0-9_./:+-]+):pn532")
"""The driver hands the name on to a shell, so nothing may be in it that a shell takes for more than a name."""
_READER_LOST = (OSError, termios.error)

_log = structlog.get_logger(__name__)


class NfcReader:
    """A `CardReader`. `path` is nfcpy's (`usb:072f:2200`, `tty:AMA0:pn532`, `udp:127.0.0.1:54321`).

    A serial PN532 can also be named by its device file (`tty:/dev/serial/by-id/…:pn532`), which stays the same when
    it is plugged in elsewhere. Every card gives one `CardTapped` or `CardRefused`, and a `CardRemoved` when it has
    left; `ReaderReady` and `ReaderMissing` take turns.
    """

    def __init__(self, path: str, report: ReportTo) -> None:
        self._path = path
        self._report = report
        self._frontend: Any = None
        self._ready: bool | None = None
        self._retry_s = RETRY_MIN_S
        self._stopping = Event()
        self._thread = Thread(target=self._supervise, name="nfc-reader", daemon=True)

    def start(self) -> None:
        """Begin polling on a thread of its own; returns at once."""
        _silence_driver()
        self._thread.start()

    def stop(self) -> None:
        """End polling and close the device; returns when the thread has ended."""
        self._stopping.set()
        while self._thread.is_alive():
            _interrupt(self._frontend)
            self._thread.join(INTERRUPT_EVERY_S)

    def _supervise(self) -> None:
        while not self._stopping.is_set():
            try:
                self._serve()
            except Exception as error:  # noqa: BLE001  the reader thread outlives whatever the driver raises
                self._lose(error)
            finally:
                _close(self._frontend)
                self._frontend = None

    def _serve(self) -> None:
        self._frontend = _open(self._path)
        self._settle(ready=True)
        while not self._stopping.is_set():
            target = self._frontend.sense(nfc.clf.RemoteTarget(_TYPE_A), iterations=1)
            self._retry_s = 0.0
            if target is None:
                self._stopping.wait(POLL_PAUSE_S)
            else:
                self._attend(_HeldCard(self._frontend, target))

    def _attend(self, card: "_HeldCard") -> None:
        """Report one card, and its leaving."""
        outcome = _outcome(card)
        self._report(outcome)
        try:
            gone = outcome == CardRefused(ErrorCode.CARD_TORN)
            while not gone and not self._stopping.wait(PRESENCE_EVERY_S):
                gone = not card.is_present()
        finally:
            if not self._stopping.is_set():
                self._report(CardRemoved())

    def _lose(self, error: Exception) -> None:
        """Say that the reader has gone and wait, longer each time, before it is tried again.

        A reader that worked until now is first opened again in silence: serial lines have their hiccups.
        """
        if self._retry_s and not self._stopping.is_set():
            self._settle(ready=False, reason=_reason(error))
            self._stopping.wait(self._retry_s)
        self._retry_s = min(max(2 * self._retry_s, RETRY_MIN_S), RETRY_MAX_S)

    def _settle(self, *, ready: bool, reason: str = "") -> None:
        if ready is not self._ready:
            self._ready = ready
            self._report(ReaderReady() if ready else ReaderMissing(reason))


class _HeldCard:
    """One card on the antenna, from the moment it was found."""

    def __init__(self, frontend: Any, target: Any) -> None:
        self._frontend = frontend
        self._target = target
        self._tag: Any = None

    @property
    def uid(self) -> str:
        return _uid(self._target).hex()

    @property
    def is_smart_card(self) -> bool:
        return isinstance(self._tag, nfc.tag.tt4.Type4Tag)

    def read_url(self) -> str | None:
        """Read the card's URL; None if it has none, or if it could not be read."""
        try:
            if self._tag is None:
                self._tag = _activate(self._frontend, self._target)
            return None if self._tag is None else _url(self._tag)
        except _READER_LOST:
            raise
        except Exception as error:  # noqa: BLE001  what a foreign card answers makes the driver raise anything
            _log.info("card.unreadable", error=type(error).__name__)
            return None

    def is_present(self) -> bool:
        if self._tag is not None:
            return bool(self._tag.is_present)
        found = self._frontend.sense(nfc.clf.RemoteTarget(_TYPE_A), iterations=1)
        return found is not None and _same(_uid(found), _uid(self._target))


def _outcome(card: _HeldCard) -> CardTapped | CardRefused:
    for _ in range(READ_ATTEMPTS):
        url = card.read_url()
        if url is not None:
            return _judge(card, url)
        if not card.is_present():
            return CardRefused(ErrorCode.CARD_TORN)
    return CardRefused(ErrorCode.CARD_UNSUPPORTED)


def _judge(card: _HeldCard, url: str) -> CardTapped | CardRefused:
    """Tell a member card by the form of its URL; whether it is genuine, only the hub can say."""
    is_dynamic = ntag424.parse(url) is not None
    if not is_dynamic and ntag21x.parse(url) is None:
        return CardRefused(ErrorCode.CARD_UNSUPPORTED)
    technology = Technology.NTAG21X
    if card.is_smart_card:
        technology = Technology.NTAG424 if is_dynamic else Technology.UNKNOWN
    return CardTapped(CardEvidence(technology, card.uid, url))


def _activate(frontend: Any, target: Any) -> Any:
    """Make nfcpy's tag for a card that it can read; None for all others.

    nfcpy's own activation also looks for chips that nobody here uses, by a command on which an NTAG falls silent for
    10 ms and has to be selected anew. MIFARE Classic would be taken for a Type 2 Tag.
    """
    sak = target.sel_res[0] if target.sel_res else None
    if sak == _SAK_TYPE_2:
        target.sel_req = target.sdd_res[:]
        return nfc.tag.tt2.Type2Tag(frontend, target)
    if sak is not None and sak & _SAK_ISO_DEP:
        return nfc.tag.tt4.Type4ATag(frontend, target)
    return None


def _url(tag: Any) -> str | None:
    """First URL of the card's NDEF message. Not `.uri`: that one escapes what a dynamic URL is made of."""
    records = ndef.message_decoder(_message(tag), errors="relax")
    urls = (str(record.iri) for record in records if isinstance(record, ndef.UriRecord))
    return next(urls, None)


def _message(tag: Any) -> bytes:
    if isinstance(tag, nfc.tag.tt4.Type4Tag):
        return _smart_card_message(tag)
    return bytes(tag.ndef.octets) if tag.ndef else b""


def _smart_card_message(tag: Any) -> bytes:
    """Read the NDEF file of an NTAG 424 DNA in three commands.

    nfcpy's own reading first asks how the card is laid out and takes seven, each of which is four round trips to a
    PN532. Member cards all have the layout that they left the factory with.
    """
    tag.send_apdu(0x00, _SELECT, 0x04, 0x00, _NDEF_APPLICATION, mrl=256)
    tag.send_apdu(0x00, _SELECT, 0x00, 0x0C, _NDEF_FILE)
    content = tag.send_apdu(0x00, _READ_BINARY, 0x00, 0x00, mrl=READ_BYTES)
    end = 2 + int.from_bytes(content[:2], "big")
    if end > MESSAGE_MAX_BYTES:
        return b""
    for start in range(READ_BYTES, end, READ_BYTES):
        content += tag.send_apdu(0x00, _READ_BINARY, *divmod(start, 256), mrl=READ_BYTES)
    return bytes(content[2:end])


def _uid(target: Any) -> bytes:
    return bytes(target.sdd_res or b"")


def _same(one: bytes, other: bytes) -> bool:
    """Phones make up a new UID (four bytes, the first 08) each time they are looked for."""
    return one == other or all(len(uid) == 4 and uid[0] == _RANDOM_UID for uid in (one, other))


def _open(path: str) -> Any:
    serial = _SERIAL_PATH.fullmatch(path)
    if serial is None:
        return nfc.ContactlessFrontend(path)
    line = nfc.clf.transport.TTY(serial[1])
    try:
        device = nfc.clf.pn532.init(line)
    except BaseException:
        with suppress(*_READER_LOST):
            line.close()
        raise
    frontend = nfc.ContactlessFrontend()
    frontend.device = device
    return frontend


def _close(frontend: Any) -> None:
    """Close a reader that may have been pulled out: then the driver raises anything."""
    if frontend is not None:
        with suppress(Exception):
            frontend.close()


def _interrupt(frontend: Any) -> None:
    """End the second for which the `udp` driver waits for a card; the hardware drivers never wait that long."""
    device = getattr(frontend, "device", None)
    line = device.socket if isinstance(device, nfc.clf.udp.Device) else None
    if line is not None:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RD)


def _silence_driver() -> None:
    """Keep the driver from logging at debug level: there it shows every byte of a card, its URL among them."""
    logging.getLogger("nfc").setLevel(logging.WARNING)


def _reason(error: Exception) -> str:
    """Name an error for the log. Messages of other errors than the system's may quote what a card has sent."""
    detail = error.strerror if isinstance(error, OSError) else None
    return f"{type(error).__name__}: {detail}" if detail else type(error).__name__
