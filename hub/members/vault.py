"""Personal data at rest: AES-256-GCM per field under a key per member, which a key-encryption key wraps.

The additional data names table, row and column, so a ciphertext that is moved elsewhere does not open. Exact search
goes by keyed hashes; whoever holds the database but not the keys can neither read nor look up a phone number.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass, field
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

KEY_BYTES = 32
NONCE_BYTES = 12
INDEX_BYTES = 16


class VaultError(Exception):
    """A protected value cannot be opened: its key is gone, or it stands where it does not belong. Not retryable."""


@dataclass(frozen=True, slots=True)
class WrappedKey:
    """A data key as it is stored: which key-encryption key wrapped it, and the wrap (RFC 3394)."""

    wrapped_by: str
    wrapped: bytes


@dataclass(frozen=True, slots=True)
class VaultKeys:
    """Key-encryption keys by name, the name of the one in use, and the keys of the search index and of digests.

    What is indexed under one of `index_others` is found as well: while the index key is rotated, some still is, or is
    already. `digest` is never rotated; a hub that was made before there was one has its first index key there.
    """

    current: str
    wrapping: dict[str, bytes] = field(repr=False)
    index: bytes = field(repr=False)
    index_others: tuple[bytes, ...] = field(default=(), repr=False)
    digest: bytes = field(default=b"", repr=False)


Renewed = Callable[[], VaultKeys | None]
"""Gives the keys that have replaced the last ones; None where none have."""


def unchanged() -> VaultKeys | None:
    """The keys of a hub whose keys never change."""
    return None


class Vault:
    """Opens and closes personal fields. Random bytes are passed in, so that a simulation can seed them.

    `renewed` tells of keys that replace the ones given, whenever something is to be wrapped or a key is not known.
    """

    def __init__(
        self,
        keys: VaultKeys,
        random_bytes: Callable[[int], bytes],
        renewed: Renewed = unchanged,
    ) -> None:
        self._keys = keys
        self._random_bytes = random_bytes
        self._renewed = renewed

    @property
    def current(self) -> str:
        """Name of the key-encryption key that wraps from now on."""
        self._keys = self._renewed() or self._keys
        return self._keys.current

    def _wrapping(self, name: str) -> bytes:
        if name not in self._keys.wrapping:
            self._keys = self._renewed() or self._keys
        return self._keys.wrapping[name]

    def new_key(self) -> tuple[bytes, WrappedKey]:
        """Draw a data key; keep the wrap, use the key."""
        key = self._random_bytes(KEY_BYTES)
        return key, self._wrapped(key)

    def unwrap(self, key: WrappedKey) -> bytes:
        """Open a data key.

        Raises:
            VaultError: if its key-encryption key is not here.
        """
        try:
            return aes_key_unwrap(self._wrapping(key.wrapped_by), key.wrapped)
        except (KeyError, InvalidUnwrap) as error:
            raise VaultError(f"no key opens a wrap by {key.wrapped_by}") from error

    def rewrap(self, key: WrappedKey) -> WrappedKey:
        """The same data key, wrapped by the key-encryption key in use.

        Raises:
            VaultError: if its old key-encryption key is not here.
        """
        return self._wrapped(self.unwrap(key))

    def _wrapped(self, key: bytes) -> WrappedKey:
        name = self.current
        return WrappedKey(name, aes_key_wrap(self._wrapping(name), key))

    def seal(self, key: bytes, text: str, where: str) -> bytes:
        """Encrypt a field; `where` is `table|row|column`."""
        nonce = self._random_bytes(NONCE_BYTES)
        return nonce + AESGCM(key).encrypt(nonce, text.encode(), where.encode())

    def open(self, key: bytes, sealed: bytes, where: str) -> str:
        """Decrypt a field.

        Raises:
            VaultError: if it was sealed under another key or for another place.
        """
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], where.encode()).decode()
        except InvalidTag as error:
            raise VaultError(f"the field at {where} does not open") from error

    def wrap_secret(self, secret: bytes, where: str) -> bytes:
        """Protect a secret of the hub's own (a kiosk's wrapping key) under the key-encryption key in use."""
        name = self.current
        nonce = self._random_bytes(NONCE_BYTES)
        sealed = AESGCM(self._wrapping(name)).encrypt(nonce, secret, where.encode())
        return prefix_of(name) + nonce + sealed

    def unwrap_secret(self, wrapped: bytes, where: str) -> bytes:
        """Open what `wrap_secret` protected.

        Raises:
            VaultError: if its key-encryption key is not here, or it stands elsewhere.
        """
        end = 1 + wrapped[0]
        name, nonce = wrapped[1:end].decode(), wrapped[end : end + NONCE_BYTES]
        try:
            return AESGCM(self._wrapping(name)).decrypt(nonce, wrapped[end + NONCE_BYTES :], where.encode())
        except (KeyError, InvalidTag) as error:
            raise VaultError(f"the secret at {where} does not open") from error

    def index_of(self, column: str, value: str) -> bytes:
        """Keyed hash to store for exact search: 16 bytes of HMAC-SHA-256, apart for every column."""
        self._keys = self._renewed() or self._keys
        return _hash(self._keys.index, column, value)

    def indexes_of(self, column: str, value: str) -> list[bytes]:
        """Every keyed hash to search for: more than one while the index key is rotated, the one in use first."""
        first = self.index_of(column, value)
        return [first, *(_hash(key, column, value) for key in self._keys.index_others)]

    def digest_of(self, purpose: str, value: str) -> bytes:
        """Keyed hash that is compared and never made anew, because nobody keeps the value: as `index_of` otherwise."""
        return _hash(self._keys.digest or self._keys.index, purpose, value)


def _hash(key: bytes, column: str, value: str) -> bytes:
    return hmac.digest(key, f"{column}\0{value}".encode(), "sha256")[:INDEX_BYTES]


def prefix_of(name: str) -> bytes:
    """How every secret begins that a key-encryption key of this name protects."""
    return len(name).to_bytes(1, "big") + name.encode()


def place_of(member: UUID, column: str) -> str:
    """Place of a personal field of a member, as the vault names it."""
    return f"members|{member}|{column}"
