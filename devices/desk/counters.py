"""Reading counters of the desk's dynamic cards, kept on disk: a card that counts from the beginning again is a clone.

Numbers are reserved a few at a time, before the first of them is used. A desk that was killed skips the rest, which
is what the counter of a real card may do too.
"""

import fcntl
import os
from pathlib import Path
from typing import Self

import msgspec
from msgspec import Struct

from devices.desk.errors import DeskError

RESERVE_AHEAD = 8
READY_MIN = 4
"""Fewer numbers than this in reserve are made up for when a card is laid down."""


class _State(Struct, forbid_unknown_fields=True):
    """By UID, the highest number that may have been used."""

    counters: dict[str, int] = {}


class CounterFile:
    """The state file of one desk, held for as long as the desk is open. To be used in a `with` statement.

    Raises:
        DeskError: on entering, if the file is damaged or another desk holds it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._state = _State()
        self._lock = -1

    def __enter__(self) -> Self:
        self._lock = os.open(self._path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._load()
        except DeskError:
            os.close(self._lock)
            raise
        return self

    def __exit__(self, *_: object) -> None:
        os.close(self._lock)

    def counter(self, uid: str, *, after: int) -> "DurableCounter":
        """Counter of one card, which goes on after all numbers ever used, and after `after`."""
        return DurableCounter(self, uid, max(after, self._state.counters.get(uid, 0)))

    def reserve(self, uid: str, number: int) -> None:
        """Keep it on disk, before returning, that numbers up to this one may have been used."""
        self._state.counters[uid] = number
        draft = self._path.with_suffix(".new")
        with draft.open("wb") as stream:
            stream.write(msgspec.json.encode(self._state))
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(self._path)
        folder = os.open(self._path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _load(self) -> None:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DeskError(f"Another desk is using {self._path}.") from error
        if self._path.exists():
            try:
                self._state = msgspec.json.decode(self._path.read_bytes(), type=_State)
            except (OSError, msgspec.DecodeError) as error:
                raise DeskError(f"The counters in {self._path} cannot be read: {error}") from error


class DurableCounter:
    """Reading counter of one card."""

    def __init__(self, file: CounterFile, uid: str, used: int) -> None:
        self._file = file
        self._uid = uid
        self._last = used
        self._reserved = used

    def prepare(self) -> None:
        """Reserve numbers now, so that the next readings need not wait for the disk: a reader would not wait for it."""
        if self._reserved < self._last + READY_MIN:
            self._reserved = self._last + RESERVE_AHEAD
            self._file.reserve(self._uid, self._reserved)

    def advance(self) -> int:
        """Count one reading."""
        if self._last == self._reserved:
            self.prepare()
        self._last += 1
        return self._last
