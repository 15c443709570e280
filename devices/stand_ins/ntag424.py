"""Software NTAG 424 DNA: the NDEF file with a dynamic URL, and mutual authentication with any of its five keys."""

from collections.abc import Callable, Mapping
from itertools import count
from typing import Protocol

from devices.cards import aes, ev2, ntag424
from devices.cards.keys import FILE_KEY_NUMBER, META_KEY_NUMBER, CardKeys
from devices.cards.ntag424 import Tap
from devices.stand_ins import apdu, ndef
from devices.stand_ins.apdu import Apdu
from devices.stand_ins.iso_dep import IsoDepCard

KEYS = 5
NDEF_FILE_BYTES = 256

_ATS = bytes.fromhex("067777710280")
_APPLICATION = bytes.fromhex("D2760000850101")
_CAPABILITY_FILE = b"\xe1\x03"
_NDEF_FILE = b"\xe1\x04"
_CAPABILITIES = bytes.fromhex("001720010000FF0406E104010000000506E10500808283").ljust(32, b"\0")
_VERSION = (bytes.fromhex("04040230001105"), bytes.fromhex("04040201021105"))
_BATCH = bytes.fromhex("CF39D449801625")
_NATIVE_CLASS = 0x90
_GET_VERSION = 0x60
_AUTHENTICATE_FIRST = 0x71
_MORE = 0xAF
_NATIVE_OK = b"\x91\x00"
_NATIVE_MORE = b"\x91\xaf"
_NATIVE_UNKNOWN = b"\x91\x1c"
_NATIVE_NO_KEY = b"\x91\x40"
_NATIVE_WRONG_LENGTH = b"\x91\x7e"
_NATIVE_REFUSED = b"\x91\xae"


class Counter(Protocol):
    """Where a card keeps its reading counter."""

    def advance(self) -> int:
        """Count one reading; the number returned is never returned again."""


class MemoryCounter:
    """A counter that lasts as long as the program."""

    def __init__(self, last: int = 0) -> None:
        self._numbers = count(last + 1)

    def advance(self) -> int:
        """Count one reading."""
        return next(self._numbers)


class Ntag424Card(IsoDepCard):
    """A card whose URL is new at every reading.

    `url` holds `{e}` and `{c}` where the card writes PICCData and MAC. `keys` are by number; those not given are the
    factory's. `last_url` is what the card said last, for whoever wants to copy it.
    """

    def __init__(
        self,
        uid: bytes,
        url: str,
        *,
        keys: Mapping[int, bytes],
        counter: Counter,
        random_bytes: Callable[[int], bytes],
    ) -> None:
        self._url = url
        self._keys = {number: keys.get(number, aes.FACTORY_KEY) for number in range(KEYS)}
        self._counter = counter
        self._random_bytes = random_bytes
        self.last_url: str | None = None
        super().__init__(uid, atqa=b"\x44\x03", sak=0x20, ats=_ATS)

    def _leave(self) -> None:
        self._application = False
        self._file: bytes | None = None
        self._reading: bytes | None = None
        self._pending: Callable[[bytes], bytes] | None = None

    def _apdu(self, command: bytes) -> bytes:
        parsed = apdu.parse(command)
        if parsed is None:
            return apdu.WRONG_LENGTH
        if parsed.cla == _NATIVE_CLASS:
            return self._native(parsed)
        self._pending = None
        match parsed.cla, parsed.ins:
            case 0x00, apdu.SELECT:
                return self._select_file(parsed)
            case 0x00, apdu.READ_BINARY:
                return self._read_binary(parsed)
            case 0x00, _:
                return apdu.UNKNOWN_INSTRUCTION
        return apdu.UNKNOWN_CLASS

    def _select_file(self, command: Apdu) -> bytes:
        self._reading = None
        if command.p1 == 0x04:
            self._application, self._file = command.data == _APPLICATION, None
            return apdu.OK if self._application else apdu.NOT_FOUND
        if command.p1 != 0x00:
            return apdu.WRONG_PARAMETERS
        if not self._application or command.data not in (_CAPABILITY_FILE, _NDEF_FILE):
            return apdu.NOT_FOUND
        self._file = command.data
        return apdu.OK

    def _read_binary(self, command: Apdu) -> bytes:
        if self._file is None:
            return apdu.NOT_ALLOWED
        content = _CAPABILITIES if self._file == _CAPABILITY_FILE else self._dynamic_file()
        start = command.p1 << 8 | command.p2
        if start >= len(content):
            return apdu.WRONG_OFFSET
        return content[start : start + (command.expected or len(content))] + apdu.OK

    def _dynamic_file(self) -> bytes:
        """One URL for all the readings that follow each other, so that it can be read in parts."""
        if self._reading is None:
            self._reading = self._compose()
        return self._reading

    def _compose(self) -> bytes:
        keys = CardKeys(meta=self._keys[META_KEY_NUMBER], file=self._keys[FILE_KEY_NUMBER])
        message = ntag424.compose(keys, Tap(self.uid, self._counter.advance()), self._random_bytes(5))
        self.last_url = self._url.format(e=message.picc.hex().upper(), c=message.mac.hex().upper())
        record = ndef.url_message(self.last_url)
        return (len(record).to_bytes(2, "big") + record).ljust(NDEF_FILE_BYTES, b"\0")

    def _native(self, command: Apdu) -> bytes:
        pending, self._pending = self._pending, None
        if command.ins == _MORE and pending:
            return pending(command.data)
        if command.ins == _GET_VERSION:
            self._pending = self._software_version
            return _VERSION[0] + _NATIVE_MORE
        if command.ins == _AUTHENTICATE_FIRST:
            return self._challenge(command.data)
        return _NATIVE_UNKNOWN

    def _software_version(self, _: bytes) -> bytes:
        self._pending = lambda _: self.uid + _BATCH + _NATIVE_OK
        return _VERSION[1] + _NATIVE_MORE

    def _challenge(self, data: bytes) -> bytes:
        if not data:
            return _NATIVE_WRONG_LENGTH
        key = self._keys.get(data[0])
        if key is None:
            return _NATIVE_NO_KEY
        challenge = self._random_bytes(ev2.CHALLENGE_BYTES)
        self._pending = lambda proof: self._prove(key, challenge, proof)
        return aes.encrypt(key, challenge) + _NATIVE_MORE

    def _prove(self, key: bytes, challenge: bytes, proof: bytes) -> bytes:
        if len(proof) != 2 * ev2.CHALLENGE_BYTES:
            return _NATIVE_WRONG_LENGTH
        plain = aes.decrypt(key, proof)
        if plain[ev2.CHALLENGE_BYTES :] != ev2.rotated(challenge):
            return _NATIVE_REFUSED
        transaction = self._random_bytes(4)
        return aes.encrypt(key, transaction + ev2.rotated(plain[: ev2.CHALLENGE_BYTES]) + bytes(12)) + _NATIVE_OK
