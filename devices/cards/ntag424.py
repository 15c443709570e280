"""Secure dynamic messaging of the NTAG 424 DNA: the URL that is new with every tap, and whether it is genuine.

Formats and derivations are those of NXP AN12196, section 3, with mirrored UID and counter and an empty MAC input.
Nothing here knows which counters were seen before: a replayed URL is genuine until the hub compares its counter.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Literal

from devices.cards import aes
from devices.cards.keys import UID_BYTES, CardKeys, FleetKeys
from protocol.errors import ErrorCode

COUNTER_BYTES = 3
COUNTER_MAX = 2 ** (8 * COUNTER_BYTES) - 1
"""The card stops being dynamic after this many taps."""
URL_MAX_CHARS = 512

_PICC_TAG = 0xC7
"""PICCDataTag: UID and counter are mirrored, and the UID has 7 bytes."""
_PADDING_BYTES = aes.BLOCK_BYTES - 1 - UID_BYTES - COUNTER_BYTES
_SESSION_VECTOR = bytes.fromhex("3CC300010080")
_URL = re.compile(r"https://[^/?#\s]+/[^?#\s]*\?e=([0-9A-Fa-f]{32})&c=([0-9A-Fa-f]{16})")


@dataclass(frozen=True, slots=True)
class Message:
    """What a dynamic URL carries: enciphered PICCData (16 bytes) and the truncated MAC (8 bytes). A credential."""

    picc: bytes = field(repr=False)
    mac: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Tap:
    """One reading of one genuine card. `counter` grows with every reading, but not always by one."""

    uid: bytes
    counter: int


def parse(url: str) -> Message | None:
    """Take a dynamic URL apart; None for any other text."""
    if len(url) > URL_MAX_CHARS:
        return None
    found = _URL.fullmatch(url)
    return Message(bytes.fromhex(found[1]), bytes.fromhex(found[2])) if found else None


def verify(message: Message, keys: FleetKeys) -> Tap | Literal[ErrorCode.CARD_INVALID]:
    """Tell whose tap this is, or that no card of the fleet made it.

    A message that does not even decipher runs through the same steps as a genuine one, so that the time taken says
    nothing about where it failed.
    """
    plain = aes.decrypt(keys.meta, message.picc)
    tap = Tap(plain[1 : 1 + UID_BYTES], int.from_bytes(plain[8 : 8 + COUNTER_BYTES], "little"))
    genuine = hmac.compare_digest(dynamic_mac(keys.of_card(tap.uid).file, tap), message.mac)
    return tap if genuine & (plain[0] == _PICC_TAG) else ErrorCode.CARD_INVALID


def compose(keys: CardKeys, tap: Tap, padding: bytes) -> Message:
    """Make what the card itself would send. `padding` is five random bytes that only hide the counter."""
    if len(padding) != _PADDING_BYTES:
        raise ValueError(f"PICCData is padded with {_PADDING_BYTES} bytes")
    plain = bytes([_PICC_TAG]) + tap.uid + tap.counter.to_bytes(COUNTER_BYTES, "little") + padding
    return Message(aes.encrypt(keys.meta, plain), dynamic_mac(keys.file, tap))


def dynamic_mac(file_key: bytes, tap: Tap) -> bytes:
    """The 8 bytes with which a card signs one reading: every second byte of a CMAC over nothing, with its own key."""
    return aes.cmac(session_mac_key(file_key, tap), b"")[1::2]


def session_mac_key(file_key: bytes, tap: Tap) -> bytes:
    """Key of one reading, KSesSDMFileReadMAC."""
    return aes.cmac(file_key, _SESSION_VECTOR + tap.uid + tap.counter.to_bytes(COUNTER_BYTES, "little"))


def verifiers(keys: CardKeys, last: Tap, *, count: int, salt: bytes) -> tuple[bytes, ...]:
    """Give out what recognises the next `count` readings after `last`, in order, without being able to make one."""
    return tuple(verifier(mac, salt) for mac in islice(_macs_after(keys, last), count))


def verifier(mac: bytes, salt: bytes) -> bytes:
    """What a kiosk compares a presented MAC by: its salted SHA-256."""
    return hashlib.sha256(salt + mac).digest()


def _macs_after(keys: CardKeys, last: Tap) -> Iterator[bytes]:
    for counter in range(last.counter + 1, COUNTER_MAX + 1):
        yield dynamic_mac(keys.file, Tap(last.uid, counter))
