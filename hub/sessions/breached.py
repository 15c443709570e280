"""Passwords that are known from leaks, in a file that an installation may have; it is searched here and sent nowhere.

The file is text in the form that public collections are given out in: a line for each password, its SHA-1 in
hexadecimal capitals, sorted, with `:` and a count or nothing behind it. Lines may begin with fewer digits of the hash,
16 at least.
"""

import hashlib
import mmap
from collections.abc import Iterable
from pathlib import Path

from hub.errors import SetupError
from hub.sessions.rules import password_refusal
from protocol.errors import ErrorCode

DIGITS_MIN, DIGITS_MAX = 16, 40
HEXADECIMAL = frozenset(b"0123456789ABCDEF")


class BreachedError(SetupError):
    """The file of breached passwords cannot be used."""


class Breached:
    """A file of breached passwords. It is found by halves, so its size does not matter.

    Raises:
        BreachedError: it is not there, or does not begin with a hash.
    """

    def __init__(self, path: Path) -> None:
        try:
            with path.open("rb") as file:
                self._lines = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        except (OSError, ValueError):
            raise BreachedError(f"{path.name} is not there, or empty: make it, or leave the setting out") from None
        self._digits = len(self._hash_at(0))
        if not DIGITS_MIN <= self._digits <= DIGITS_MAX or not HEXADECIMAL.issuperset(self._hash_at(0)):
            raise BreachedError(f"{path.name} does not begin with a SHA-1 in hexadecimal capitals")

    def has(self, password: str) -> bool:
        """Tell whether a password is among them."""
        # SHA-1 is how the collections name passwords; nothing is protected by it here.
        sought = hashlib.sha1(password.encode(), usedforsecurity=False).hexdigest().upper().encode()[: self._digits]
        low, high = 0, len(self._lines)
        while low < high:
            begin = self._lines.rfind(b"\n", low, (low + high) // 2) + 1 or low
            known = self._hash_at(begin)
            if known == sought:
                return True
            if known < sought:
                end = self._lines.find(b"\n", begin)
                low = len(self._lines) if end < 0 else end + 1
            else:
                high = begin
        return False

    def _hash_at(self, begin: int) -> bytes:
        return self._lines[begin : begin + DIGITS_MAX].split(b"\n")[0].split(b":")[0].strip()


def refusal_of(password: str, telling: Iterable[str], breached: Breached | None) -> ErrorCode | None:
    """Why a password is not taken; None where it is."""
    refusal = password_refusal(password, telling)
    if refusal is None and breached is not None and breached.has(password):
        return ErrorCode.PASSWORD_BREACHED
    return refusal
