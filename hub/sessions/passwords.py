"""Passwords, hashed slowly with argon2id. The parameters stand in each hash, so they can be raised later."""

import threading

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from hub.intake import RandomBytes

MEMORY_KIB = 47_104
TIME_PASSES = 1
LANES = 1
"""OWASP ASVS 5.0, Appendix C: argon2id with 47104 KiB, one pass and one lane at least."""

SALT_BYTES = 16
HASH_BYTES = 32

AT_ONCE_MAX = 4
"""So many are computed at the same time: each takes its memory, and guessers must not fill the machine."""

_hasher = PasswordHasher(TIME_PASSES, MEMORY_KIB, LANES, HASH_BYTES, SALT_BYTES, type=Type.ID)
_turns = threading.BoundedSemaphore(AT_ONCE_MAX)

NOBODYS = "$argon2id$v=19$m=47104,t=1,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
"""Stands in where there is no hash, so that a login that does not exist takes as long as a wrong password."""


def hashed(password: str, random: RandomBytes) -> str:
    """What is stored of a password."""
    with _turns:
        return _hasher.hash(password, salt=random(SALT_BYTES))


def is_right(password: str, stored: str | None) -> bool:
    """Tell whether this is the password; takes as long where there is none."""
    with _turns:
        try:
            return _hasher.verify(stored or NOBODYS, password) and stored is not None
        except (VerificationError, InvalidHashError):
            return False


def is_weak(stored: str) -> bool:
    """Tell whether a hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)
