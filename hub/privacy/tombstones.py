"""The list of erased members that stands outside the database: a backup that is restored does not bring them back.

It holds ids, moments and keyed hashes of phone numbers and e-mail addresses: without the hub's secrets nothing
tells who somebody was. A line is on the disk before its erasure is committed.
"""

import os
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Protocol
from uuid import UUID

import msgspec


class Tombstone(msgspec.Struct, frozen=True, omit_defaults=True):
    """A member that was to be erased. `phone` and `email` are keyed hashes, in hexadecimal, of what there was."""

    member: UUID
    at: datetime
    phone: str = ""
    email: str = ""


class Tombstones(Protocol):
    """Where erased members are listed."""

    def add(self, stone: Tombstone) -> None:
        """List a member; once this returns, no loss of power takes the line away."""

    def all(self) -> list[Tombstone]:
        """Every line, oldest first."""


@dataclass(frozen=True, slots=True)
class TombstoneFile:
    """A file that only grows, one line for each member."""

    path: Path

    def add(self, stone: Tombstone) -> None:
        """List a member."""
        is_new = not self.path.exists()
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            # One write of one short line: several processes append to the same file. It begins on a line of its own, so
            # that a line which was cut off by a crash spoils nothing but itself.
            os.write(descriptor, b"\n" + msgspec.json.encode(stone) + b"\n")
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if is_new:
            _sync_folder(self.path.parent)

    def all(self) -> list[Tombstone]:
        """Every line; one that was cut off by a crash belongs to an erasure that was never committed."""
        if not self.path.exists():
            return []
        lines = self.path.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Tombstone) for line in lines if line.endswith(b"}")]


@dataclass(frozen=True, slots=True)
class TombstonesInMemory:
    """A list that is gone with the process, for hubs that are made to be thrown away."""

    stones: list[Tombstone] = field(default_factory=list)

    def add(self, stone: Tombstone) -> None:
        """List a member."""
        self.stones.append(stone)

    def all(self) -> list[Tombstone]:
        """Every line."""
        return list(self.stones)


def known_of(stones: Tombstones) -> frozenset[str]:
    """Keyed hashes of all that everybody who is listed was known by."""
    return frozenset(known for stone in stones.all() for known in (stone.phone, stone.email) if known)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
