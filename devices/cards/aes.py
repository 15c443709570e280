"""AES-128 as NXP's cards use it: CMAC, and CBC from an all-zero initialisation vector."""

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.cmac import CMAC

KEY_BYTES = 16
BLOCK_BYTES = 16
FACTORY_KEY = bytes(KEY_BYTES)
"""Every key of a card that nobody has personalised. It protects nothing."""


def cmac(key: bytes, message: bytes) -> bytes:
    """Authenticate a message: the whole 16-byte CMAC (RFC 4493)."""
    state = CMAC(AES(key))
    state.update(message)
    return state.finalize()


def encrypt(key: bytes, plain: bytes) -> bytes:
    """Encrypt whole blocks."""
    cipher = _cipher(key).encryptor()
    return cipher.update(plain) + cipher.finalize()


def decrypt(key: bytes, secret: bytes) -> bytes:
    """Decrypt whole blocks."""
    cipher = _cipher(key).decryptor()
    return cipher.update(secret) + cipher.finalize()


def _cipher(key: bytes) -> Cipher[CBC]:
    return Cipher(AES(key), CBC(bytes(BLOCK_BYTES)))
