"""Seals what a kiosk knows of a person: a key per member, wrapped by a key that only the hub gives out.

The wrapping key stays in memory. A kiosk that was started without the hub, or stolen, opens no name; and forgetting one
member means forgetting one key.
"""

import hashlib
import hmac

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from kiosk.ports import RandomBytes

KEY_BYTES = 32
NONCE_BYTES = 12


class Seal:
    """Seals and opens texts, once the hub has released the wrapping key."""

    def __init__(self, random_bytes: RandomBytes) -> None:
        self._random_bytes = random_bytes
        self._wrapping: bytes | None = None

    @property
    def is_ready(self) -> bool:
        """Tell whether the wrapping key is here."""
        return self._wrapping is not None

    def release(self, wrapping: bytes) -> None:
        """Take the wrapping key that the hub has released."""
        if len(wrapping) != KEY_BYTES:
            raise ValueError(f"a wrapping key has {KEY_BYTES} bytes")
        self._wrapping = wrapping

    def new_key(self) -> bytes | None:
        """A fresh key, already wrapped; None before the wrapping key is here."""
        if self._wrapping is None:
            return None
        return aes_key_wrap(self._wrapping, self._random_bytes(KEY_BYTES))

    def close(self, wrapped: bytes, text: str, where: str) -> bytes:
        """Seal a text for one place."""
        assert self._wrapping is not None, "a wrapped key comes from `new_key`"
        nonce = self._random_bytes(NONCE_BYTES)
        key = aes_key_unwrap(self._wrapping, wrapped)
        return nonce + AESGCM(key).encrypt(nonce, text.encode(), where.encode())

    def open(self, wrapped: bytes, sealed: bytes, where: str) -> str | None:
        """Open a text; None without the right key."""
        if self._wrapping is None:
            return None
        try:
            key = aes_key_unwrap(self._wrapping, wrapped)
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], where.encode()).decode()
        except (InvalidTag, InvalidUnwrap):
            return None


def card_index(salt: bytes, uid: str) -> str:
    """What a card is found by in the store: a keyed hash, so that the disk does not tell whose card it was."""
    return hmac.new(salt, uid.encode(), hashlib.sha256).hexdigest()[:32]
