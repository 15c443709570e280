"""Counts that the API processes of one machine share: a table of fixed size in memory that all of them have mapped.

Nothing is locked. Two processes that count one caller in the same microsecond may count it as one; a lock would cost
every request more than this loses. A caller who finds no free place takes that of whoever has been quiet for longest.
"""

import mmap
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path
from struct import Struct
from typing import TypeAlias

SALT_BYTES, KEY_BYTES = 16, 8
SLOTS = 1 << 17
"""So many callers are remembered."""

PROBES = 8
"""So many places are looked at for one caller."""

_SLOT = Struct("=8sd")
SIZE_BYTES = SALT_BYTES + SLOTS * _SLOT.size

Memory: TypeAlias = bytearray | mmap.mmap
Place: TypeAlias = tuple[int, bytes]
"""Where a number stands, and whose it is."""


class Tally:
    """One number for each caller; 0 for who is not known. Callers are kept as salted hashes of 8 bytes."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._salt = bytes(memory[:SALT_BYTES])
        self._slots = (len(memory) - SALT_BYTES) // _SLOT.size

    @classmethod
    def of_one(cls) -> "Tally":
        """A tally of a process that has no others beside it."""
        return cls(bytearray(SIZE_BYTES))

    @classmethod
    def at(cls, path: Path) -> "Tally":
        """The tally in a file, which every process that opens it shares."""
        with path.open("r+b") as file:
            return cls(mmap.mmap(file.fileno(), SIZE_BYTES))

    def read(self, caller: bytes) -> tuple[Place, float]:
        """A caller's number, and where another one is to be written."""
        key = blake2b(caller, digest_size=KEY_BYTES, key=self._salt).digest()
        first, quietest, place = int.from_bytes(key[:4]), float("inf"), 0
        for probe in range(PROBES):
            offset = SALT_BYTES + (first + probe) % self._slots * _SLOT.size
            known, number = _SLOT.unpack_from(self._memory, offset)
            if known == key:
                return (offset, key), number
            if number < quietest:
                quietest, place = number, offset
        return (place, key), 0.0

    def write(self, place: Place, number: float) -> None:
        """Keep a caller's number."""
        offset, key = place
        _SLOT.pack_into(self._memory, offset, key, number)


def make(path: Path, random_bytes: Callable[[int], bytes]) -> None:
    """Make the file of a tally, empty."""
    with path.open("wb") as file:
        file.write(random_bytes(SALT_BYTES))
        file.truncate(SIZE_BYTES)
